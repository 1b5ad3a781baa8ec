import type { AssistantMessage, ToolCallObject } from '../openai-types'
import { type MessageForm, MessageReader } from './message-reader'
import type { ToolCall } from './tool-format'

/** The message that an answer is. `id`: of this answer alone; its calls' ids follow from it. */
export function messageOf(text: string, form: MessageForm, id: string): AssistantMessage {
  const reader = new MessageReader(form)
  let [content, reasoning] = ['', '']
  const calls: ToolCallObject[] = []
  for (const part of [...reader.push(text), ...reader.end()]) {
    if ('content' in part) content += part.content
    else if ('reasoning' in part) reasoning += part.reasoning
    else calls.push(callObject(part.call, id, calls.length))
  }
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

/** A call as OpenAI writes it, the `index`th of an answer. */
export function callObject({ name, arguments: args }: ToolCall, id: string, index: number): ToolCallObject {
  return { id: callId(`${id} ${index}`), type: 'function', function: { name, arguments: args } }
}

/** An id of nine letters and digits, as Mistral's templates want it; the same for the same seed, so that a job's answers are. */
function callId(seed: string): string {
  let [high, low] = [0x9e3779b9, 0x811c9dc5]
  for (let at = 0; at < seed.length; at++) {
    const code = seed.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code ^ (low >>> 15), 0x85ebca6b)
  }
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  return bits.toString(36).padStart(9, '0').slice(-9)
}
