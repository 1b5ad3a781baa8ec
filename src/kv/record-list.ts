import { assert } from '../core/assert'

/** A list of u32 records of fixed size, in memory of fixed capacity: refilled every step, uploaded as it is. */
export class RecordList {
  length = 0
  readonly #values: Uint32Array<ArrayBuffer>

  constructor(
    readonly capacity: number,
    readonly numFields: number,
  ) {
    this.#values = new Uint32Array(capacity * numFields)
  }

  /** What was pushed since `clear`, flat; a view that the next step overwrites. */
  get values(): Uint32Array<ArrayBuffer> {
    return this.#values.subarray(0, this.length * this.numFields)
  }

  clear(): void {
    this.length = 0
  }

  /** Appends one record, or several one after another, and returns the index of the first. */
  push(...fields: readonly number[]): number {
    return this.pushFrom(fields, 0, fields.length)
  }

  /** The same with `values[start]` to `values[end - 1]`. */
  pushFrom(values: readonly number[], start: number, end: number): number {
    const index = this.length
    this.length += (end - start) / this.numFields
    assert(this.length <= this.capacity, `${this.length} records in a list of ${this.capacity}.`)
    const offset = index * this.numFields - start
    for (let i = start; i < end; i++) this.#values[offset + i] = values[i]
    return index
  }
}
