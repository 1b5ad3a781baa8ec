import { InvalidRequest } from '../core/errors'

/** A piece of a message's content. */
export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** One turn of a chat. */
export interface Message {
  /** As the model's chat template knows them: usually `system`, `user`, `assistant`. */
  readonly role: string
  /** Several parts are one text, a line break between them; none where the message is `tool_calls` alone. */
  readonly content?: string | readonly TextPart[] | null
  /** Whatever else the model's chat template reads: `name`, `tool_calls`, … */
  readonly [field: string]: unknown
}

/** A chat with a say in how the model's chat template writes it out. */
export interface Chat {
  readonly messages: readonly Message[]
  /** End with the beginning of an assistant's message, for the model to go on. Default true, unless the next is. */
  readonly addGenerationPrompt?: boolean
  /** End within the last message, for the model to go on with it. Default false. */
  readonly continueFinalMessage?: boolean
  /** More variables for the template, such as `enable_thinking`. */
  readonly templateVariables?: Readonly<Record<string, unknown>>
}

/** A text, a chat (written out by the model's chat template), or token ids (taken as they are). */
export type Prompt = string | readonly Message[] | Chat | readonly number[]

/** @throws InvalidRequest for prompts that are no list */
export function checkPrompts(prompts: readonly Prompt[]): void {
  if (Array.isArray(prompts)) return
  const what = prompts === null ? null : typeof prompts
  throw new InvalidRequest(`The prompts are ${what}, but must be an array: [prompt] for a single one.`)
}

/** The chat that a prompt is; undefined for a text and token ids. @throws InvalidRequest for something among messages that is none */
export function chatOf(prompt: Prompt): Chat | undefined {
  if (typeof prompt !== 'object' || prompt === null) return undefined
  if (!('messages' in prompt)) {
    return typeof prompt[0] === 'object' ? { messages: checkMessages(prompt as readonly unknown[]) } : undefined
  }
  if (!Array.isArray(prompt.messages)) {
    throw new InvalidRequest(`The messages of a chat must be an array, not ${typeof prompt.messages}.`)
  }
  if (prompt.messages.length === 0) throw new InvalidRequest('A chat has at least one message.')
  return { ...prompt, messages: checkMessages(prompt.messages) }
}

function checkMessages(messages: readonly unknown[]): readonly Message[] {
  for (const [index, message] of messages.entries()) {
    const { role, content } = (message ?? {}) as Partial<Message>
    if (typeof role !== 'string') {
      const what = typeof message === 'object' && message !== null ? 'one without a role' : String(message)
      throw new InvalidRequest(`Message ${index} of the prompt is ${what}, but must be an object with a role.`)
    }
    if (content === undefined || content === null || typeof content === 'string') continue
    if (Array.isArray(content) && content.every(part => typeof part?.text === 'string')) continue
    throw new InvalidRequest(`Message ${index} of the prompt has a content that is neither a text nor a list of texts.`)
  }
  return messages as readonly Message[]
}

/** A message's content as one text. Line breaks between parts are what vLLM and llama.cpp put there. */
export function textOf(content: string | readonly TextPart[]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('\n')
}
