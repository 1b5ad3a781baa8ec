import { MAX_NESTING } from './budget'
import type { Token } from './lexer'
import { TemplateError } from './template-error'

/** The tokens of a template as a parser goes through them; the last one, `eof`, is never passed. */
export class TokenStream {
  readonly #tokens: readonly Token[]
  #position = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get current(): Token {
    return this.#tokens[this.#position]
  }

  get next(): Token {
    return this.#tokens[Math.min(this.#position + 1, this.#tokens.length - 1)]
  }

  /** The token that was taken last. */
  get previous(): Token {
    return this.#tokens[this.#position - 1]
  }

  take(): Token {
    const token = this.current
    if (token.type !== 'eof') this.#position++
    return token
  }

  /** Takes a token of this type if it is there, and says whether it was. */
  skip(type: string): boolean {
    const isThere = this.current.type === type
    if (isThere) this.#position++
    return isThere
  }

  isName(name: string): boolean {
    return this.current.type === 'name' && this.current.value === name
  }

  skipName(name: string): boolean {
    const isThere = this.isName(name)
    if (isThere) this.#position++
    return isThere
  }

  expect(type: string): Token {
    if (this.current.type !== type) throw this.#unexpected(type)
    return this.take()
  }

  expectName(name: string): void {
    if (!this.skipName(name)) throw this.#unexpected(name)
  }

  /** Whether a tuple ends here that has no brackets of its own. `end`: a name that ends it too. */
  endsTuple(end: string | undefined): boolean {
    return ['}}', '%}', ')'].includes(this.current.type) || (end !== undefined && this.isName(end))
  }

  /** The value that `read` gives, and then takes the token that must follow. */
  through<T>(end: string, read: () => T): T {
    const result = read()
    this.expect(end)
    return result
  }

  /** The value that `read` gives, one level deeper. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) {
      throw new TemplateError('limit', `It nests more than ${MAX_NESTING} levels deep (line ${this.current.line}).`)
    }
    const result = read()
    this.#depth--
    return result
  }

  error(message: string, { line } = this.current): TemplateError {
    return new TemplateError('syntax', `${message} (line ${line})`)
  }

  #unexpected(expected: string): TemplateError {
    const { value, type } = this.current
    return this.error(`expected '${expected}', got '${value || type}'`)
  }
}
