/** The text ends within what is read. */
export class Incomplete extends Error {}
/** The text is something else. */
export class Unexpected extends Error {}

/** Reads a notation of values from left to right, and writes them as JSON. */
export class ValueReader {
  at = 0

  constructor(readonly text: string) {}

  /** Takes what `expression` (flag `y`) matches here. */
  match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.at
    const match = expression.exec(this.text)
    if (match) this.at = expression.lastIndex
    return match
  }

  /** Whether these characters come next, after white space, which is skipped. */
  sees(characters: string): boolean {
    this.match(/\s*/y)
    if (this.text.startsWith(characters, this.at)) return true
    if (characters.startsWith(this.text.slice(this.at))) throw new Incomplete()
    return false
  }

  takes(characters: string): boolean {
    if (!this.sees(characters)) return false
    this.at += characters.length
    return true
  }

  expect(characters: string): void {
    if (!this.takes(characters)) throw new Unexpected()
  }

  /** What `expression` (flag `y`) matches, which must not go to the text's end, where it might go on. */
  token(expression: RegExp): string {
    this.match(/\s*/y)
    const match = this.match(expression)
    if (this.at === this.text.length) throw new Incomplete()
    if (!match) throw new Unexpected()
    return match[0]
  }

  /** Items with commas between, up to `close`. */
  list(close: string, item: () => string): string[] {
    const items: string[] = []
    while (!this.takes(close)) {
      if (items.length > 0) {
        this.expect(',')
        if (this.takes(close)) break
      }
      items.push(item())
    }
    return items
  }
}

export const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Where calls that end at `end` end with what closes them, if that is there; undefined if it may still come. */
export function endAfter(text: string, end: number, close: string, isEnd: boolean): number | undefined {
  const rest = text.slice(end).trimStart()
  if (close !== '' && rest.startsWith(close)) return text.length - rest.length + close.length
  return close !== '' && close.startsWith(rest) && !isEnd ? undefined : end
}

/** What `read` gives, where the text is complete and as expected. */
export function attempt<T>(read: () => T): T | 'more' | 'none' {
  try {
    return read()
  } catch (error) {
    if (error instanceof Incomplete) return 'more'
    if (error instanceof Unexpected) return 'none'
    throw error
  }
}
