import type { ToolCall, ToolFormat } from './tool-format'

/** How a model's answer is to be read. */
export interface MessageForm {
  /** The format of its calls of tools, if it may call any. */
  readonly tools?: ToolFormat
  /** Whether the answer may begin with reasoning between think tags: within it, or before its tag. */
  readonly reasoning?: 'begun' | 'tagged'
}

/** What has been added to a message: to its content, to its reasoning, or a call. */
export type MessagePart = { readonly content: string } | { readonly reasoning: string } | { readonly call: ToolCall }

const THINK = '<think>'
const END_THINK = '</think>'

/**
 * Reads an answer into reasoning, content and calls as its text comes: the same parts, joined, however it is cut. White space around
 * reasoning and calls belongs to neither. What looks like calls and is none is content.
 */
export class MessageReader {
  readonly #tools: ToolFormat | undefined
  readonly #isBegun: boolean
  /** Text that cannot be told yet. */
  #text = ''
  /** White space that belongs to what was said last, if more of that follows. */
  #space = ''
  /** Whether white space that comes next belongs to nothing. */
  #skipsSpace = false
  #place: 'begin' | 'reasoning' | 'content'
  #hasContent = false
  #hasCalls = false
  /** Whether nothing has come after a call. */
  #isAfterCall = false
  #parts: MessagePart[] = []

  constructor({ tools, reasoning }: MessageForm) {
    this.#tools = tools
    this.#isBegun = reasoning === 'begun'
    this.#place = reasoning ? 'begin' : 'content'
  }

  /** More of the text. Returns what is certain by now. */
  push(text: string): MessagePart[] {
    return this.#read(text, false)
  }

  /** The rest. */
  end(): MessagePart[] {
    return this.#read('', true)
  }

  #read(text: string, isEnd: boolean): MessagePart[] {
    this.#text += text
    this.#parts = []
    if (this.#place === 'begin') this.#readBegin(isEnd)
    if (this.#place === 'reasoning') this.#readReasoning(isEnd)
    if (this.#place === 'content') this.#readContent(isEnd)
    return this.#parts
  }

  #readBegin(isEnd: boolean): void {
    const rest = this.#text.trimStart()
    const isTagged = rest.startsWith(THINK)
    if (!isTagged && THINK.startsWith(rest) && !isEnd) return
    if (isTagged) this.#text = rest.slice(THINK.length)
    this.#place = isTagged || this.#isBegun ? 'reasoning' : 'content'
    this.#skipsSpace = this.#place === 'reasoning'
  }

  #readReasoning(isEnd: boolean): void {
    const end = this.#text.indexOf(END_THINK)
    const numHeld = isEnd ? 0 : overlap(this.#text, [END_THINK])
    this.#say('reasoning', end < 0 ? numHeld : this.#text.length - end)
    if (end < 0) return
    this.#text = this.#text.slice(END_THINK.length)
    this.#beginContent()
  }

  #readContent(isEnd: boolean): void {
    while (this.#text !== '') {
      if (this.#isAfterCall && !this.#skipSeparator()) continue
      const mark = this.#nextMark()
      if (mark !== 0) {
        this.#say('content', mark === undefined ? this.#numHeld(isEnd) : this.#text.length - mark)
        if (mark === undefined) break
        continue
      }
      const read = this.#tools?.read(this.#text, isEnd) ?? 'none'
      if (read === 'more' && !isEnd) break
      if (typeof read === 'string') {
        this.#say('content', this.#text.length - 1)
        continue
      }
      for (const call of read.calls) this.#parts.push({ call })
      this.#hasCalls = true
      this.#isAfterCall = true
      this.#text = this.#text.slice(read.end)
      this.#beginContent()
    }
    if (!isEnd || this.#hasCalls || this.#skipsSpace || this.#space === '') return
    this.#parts.push({ content: this.#space })
  }

  /** Says all of the text but its last `numKept` characters. */
  #say(kind: 'content' | 'reasoning', numKept: number): void {
    const said = this.#space + this.#text.slice(0, this.#text.length - numKept)
    this.#text = this.#text.slice(this.#text.length - numKept)
    const body = said.trimEnd()
    this.#space = said.slice(body.length)
    if (body === '') return
    const text = this.#skipsSpace ? body.trimStart() : body
    this.#skipsSpace = false
    if (kind === 'content') this.#hasContent = true
    this.#parts.push(kind === 'content' ? { content: text } : { reasoning: text })
  }

  #beginContent(): void {
    this.#place = 'content'
    this.#space = ''
    this.#skipsSpace = true
  }

  /** False if the text is the white space after a call so far; what stands between two calls is taken with it. */
  #skipSeparator(): boolean {
    this.#text = this.#text.trimStart()
    if (this.#text === '') return false
    this.#isAfterCall = false
    const { separator } = this.#tools as ToolFormat
    if (separator && this.#text.startsWith(separator)) this.#text = this.#text.slice(separator.length).trimStart()
    return this.#text !== ''
  }

  /** Where calls may begin in the text; undefined if nowhere. */
  #nextMark(): number | undefined {
    if (!this.#tools) return undefined
    const { marks, firstMarks = [] } = this.#tools
    const first = this.#text.search(/\S/)
    const isFirst = !this.#hasContent && firstMarks.some(mark => first >= 0 && this.#text.startsWith(mark, first))
    const found = [...marks.map(mark => this.#text.indexOf(mark)), isFirst ? first : -1].filter(at => at >= 0)
    return found.length > 0 ? Math.min(...found) : undefined
  }

  /** Characters at the end of the text with which a mark may begin. */
  #numHeld(isEnd: boolean): number {
    if (isEnd || !this.#tools) return 0
    const { marks, firstMarks = [] } = this.#tools
    const rest = this.#text.trimStart()
    const isFirst = !this.#hasContent && firstMarks.some(mark => mark.startsWith(rest))
    return isFirst ? rest.length : overlap(this.#text, marks)
  }
}

/** Characters at the end of a text that are the begin of a mark. */
function overlap(text: string, marks: readonly string[]): number {
  const lengths = marks.flatMap(mark => {
    for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
      if (text.endsWith(mark.slice(0, length))) return length
    }
    return []
  })
  return Math.max(0, ...lengths)
}
