import { failure } from './template-error'
import { PyObject } from './values'

/** Longest range, as jinja2's sandbox has it. */
const MAX_RANGE = 100_000

export class Range extends PyObject {
  readonly type = 'range'
  readonly start: bigint
  readonly stop: bigint
  readonly step: bigint
  readonly #length: number

  constructor(start: bigint, stop: bigint, step: bigint) {
    super()
    if (step === 0n) throw failure('range() arg 3 must not be zero')
    const span = step > 0n ? stop - start : start - stop
    const stride = step > 0n ? step : -step
    const length = span > 0n ? (span + stride - 1n) / stride : 0n
    if (length > MAX_RANGE) throw failure(`Range too big. The sandbox blocks ranges larger than ${MAX_RANGE}.`)
    this.start = start
    this.stop = stop
    this.step = step
    this.#length = Number(length)
  }

  override get length() {
    return this.#length
  }

  at(index: number): bigint {
    return this.start + BigInt(index) * this.step
  }

  override *iterate() {
    for (let index = 0; index < this.length; index++) yield this.at(index)
  }

  override get isTrue() {
    return this.length > 0
  }
}
