/** A count for each of the coming steps, 0 at first. */
export class Timeline {
  /** A ring: steps that are over make place for later ones. [a power of 2] */
  readonly #counts: Int32Array
  #first = 0

  /** `maxSteps`: how far ahead of the steps that are over one may look. */
  constructor(maxSteps: number) {
    this.#counts = new Int32Array(2 ** Math.ceil(Math.log2(maxSteps + 1)))
  }

  at(step: number): number {
    return this.#counts[step & (this.#counts.length - 1)]
  }

  add(step: number, count: number): void {
    this.#counts[step & (this.#counts.length - 1)] += count
  }

  forgetBefore(step: number): void {
    for (; this.#first < step; this.#first++) this.#counts[this.#first & (this.#counts.length - 1)] = 0
  }
}
