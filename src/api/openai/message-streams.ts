import type { ApiRequest } from '../api-request'
import { callObject } from '../tools/message'
import { type MessagePart, MessageReader } from '../tools/message-reader'

/** The pieces of a request's choices: texts as they come, or, where messages have more than content, what these are read into. */
export class MessageStreams {
  readonly #request: ApiRequest
  readonly #id: string
  /** [choices] */
  readonly #readers: MessageReader[] = []
  /** [choices] */
  readonly #numCalls: number[] = []

  /** `id`: the answer's. */
  constructor(request: ApiRequest, id: string) {
    this.#request = request
    this.#id = id
  }

  /** What a choice's text has grown by. */
  push({ index, text }: { readonly index: number; readonly text: string }): object[] {
    const { kind, form } = this.#request
    if (!form) return [{ index, ...(kind === 'chat' ? { delta: { content: text } } : { text }), ...NOTHING_ELSE }]
    this.#readers[index] ??= new MessageReader(form)
    return this.#pieces(index, this.#readers[index].push(text))
  }

  /** A choice has all its text. */
  end(index: number): object[] {
    return this.#pieces(index, this.#readers[index]?.end() ?? [])
  }

  hasCalls(index: number): boolean {
    return this.#numCalls[index] > 0
  }

  #pieces(index: number, parts: readonly MessagePart[]): object[] {
    return parts.map(part => ({ index, delta: this.#delta(index, part), ...NOTHING_ELSE }))
  }

  #delta(index: number, part: MessagePart): object {
    if ('content' in part) return part
    if ('reasoning' in part) return { reasoning_content: part.reasoning }
    const number = this.#numCalls[index] ?? 0
    this.#numCalls[index] = number + 1
    return { tool_calls: [{ index: number, ...callObject(part.call, `${this.#id} ${index}`, number) }] }
  }
}

const NOTHING_ELSE = { logprobs: null, finish_reason: null }
