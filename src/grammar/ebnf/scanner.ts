import { InvalidRequest } from '../../core/errors'

/** Reads a text from left to right. */
export class Scanner {
  #at = 0

  constructor(
    readonly text: string,
    /** What separates its symbols. */
    readonly space: RegExp,
  ) {}

  get isAtEnd(): boolean {
    return this.#at >= this.text.length
  }

  /** Takes what `expression` (flag `y`) matches here, and the space after it. */
  match(expression: RegExp): RegExpExecArray | null {
    const match = this.#take(expression)
    if (match) this.skip()
    return match
  }

  /** Whether `expression` (flag `y`) matches here. */
  sees(expression: RegExp): boolean {
    expression.lastIndex = this.#at
    return expression.test(this.text)
  }

  skip(): void {
    this.#take(this.space)
  }

  /** The error of what stands here. */
  wrong(what: string): InvalidRequest {
    const before = this.text.slice(0, this.#at)
    const line = before.split('\n').length
    const found = this.isAtEnd ? 'its end' : JSON.stringify(this.text.slice(this.#at, this.#at + 20))
    return new InvalidRequest(`The grammar's line ${line} has ${found} where ${what} should be.`)
  }

  #take(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const match = expression.exec(this.text)
    if (match) this.#at = expression.lastIndex
    return match
  }
}
