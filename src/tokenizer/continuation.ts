import { InvalidRequest } from '../core/errors'
import { strip } from '../jinja'

/** Text put where the final message ends, to be found again in what the template makes of it; as in transformers. */
const TAG = 'CONTINUE_FINAL_MESSAGE_TAG '

interface TextPart {
  readonly text: string
}
interface Message {
  readonly content: unknown
}

/** The messages with a tag behind the last one's text. */
export function beginContinuation<M extends Message>(messages: readonly M[]): M[] {
  const final = messages.at(-1)
  if (!final) throw new InvalidRequest('There is no final message to continue.')
  return [...messages.slice(0, -1), { ...final, content: tagged(final.content) }]
}

/** The rendered text up to where the last message's text ends. */
export function endContinuation(rendered: string, messages: readonly Message[]): string {
  const text = finalText(messages.at(-1)?.content)
  const end = rendered.lastIndexOf(TAG.trim())
  if (end < 0 || !rendered.includes(strip(text, 'both'))) {
    throw new InvalidRequest(
      'The final message cannot be continued: the chat template changes or leaves out a part of it.',
    )
  }
  const before = rendered.slice(0, end)
  // without its space the tag was trimmed, and with it what the message ended in
  return rendered.startsWith(TAG, end) ? before : strip(before, 'right')
}

function tagged(content: unknown): unknown {
  if (!Array.isArray(content)) return finalText(content) + TAG
  const index = content.findLastIndex(isTextPart)
  if (index < 0) return finalText(content)
  return content.with(index, { ...content[index], text: content[index].text + TAG })
}

function finalText(content: unknown): string {
  if (typeof content === 'string') return content
  const part = Array.isArray(content) ? content.findLast(isTextPart) : undefined
  if (part) return part.text
  throw new InvalidRequest('The final message has no text to continue.')
}

const isTextPart = (part: unknown): part is TextPart =>
  typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
