/** A piece of a message's content. */
export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** One turn of a chat. */
export interface Message {
  /** As the model's chat template knows them: usually `system`, `user`, `assistant`. */
  readonly role: string
  /** Several parts are one text, a line break between them. */
  readonly content: string | readonly TextPart[]
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

/** The chat that a prompt is; undefined for a text and for token ids. */
export function chatOf(prompt: Prompt): Chat | undefined {
  if (typeof prompt !== 'object' || prompt === null) return undefined
  if ('messages' in prompt) return prompt
  return typeof prompt[0] === 'object' ? { messages: prompt as readonly Message[] } : undefined
}

/** A message's content as one text. Line breaks between parts are what vLLM and llama.cpp put there. */
export function textOf(content: Message['content']): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('\n')
}
