import { InvariantViolation } from '../core/assert'

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

  /** The records pushed since `clear`, flat; a view that the next step overwrites. */
  get values(): Uint32Array<ArrayBuffer> {
    return this.#values.subarray(0, this.length * this.numFields)
  }

  clear(): void {
    this.length = 0
  }

  /** Appends a record of three fields, or five. */
  push(a: number, b: number, c: number, d?: number, e?: number): void {
    const offset = this.length * this.numFields
    this.#grow(1)
    this.#values[offset] = a
    this.#values[offset + 1] = b
    this.#values[offset + 2] = c
    if (d === undefined || e === undefined) return
    this.#values[offset + 3] = d
    this.#values[offset + 4] = e
  }

  /** Appends `values[start]` to `values[end - 1]`, whole records, and returns the index of the first. */
  pushFrom(values: readonly number[], start: number, end: number): number {
    const index = this.length
    this.#grow((end - start) / this.numFields)
    const offset = index * this.numFields - start
    for (let i = start; i < end; i++) this.#values[offset + i] = values[i]
    return index
  }

  #grow(count: number): void {
    this.length += count
    if (this.length <= this.capacity) return
    throw new InvariantViolation(`${this.length} records in a list of ${this.capacity}.`)
  }
}
