import { InvalidRequest } from '../core/errors'
import type { ChatTemplate } from '../tokenizer/chat-template'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { chatOf, type Prompt, textOf } from './prompt'

/** Turns prompts into tokens, in the way the model expects. */
export class PromptEncoder {
  readonly #tokenizer: Tokenizer
  readonly #chatTemplate: ChatTemplate
  readonly #vocabSize: number
  readonly #contextLength: number

  constructor(
    tokenizer: Tokenizer,
    chatTemplate: ChatTemplate,
    vocabSize: number,
    /** Longest prompt and output together, in tokens. */
    contextLength: number,
  ) {
    this.#tokenizer = tokenizer
    this.#chatTemplate = chatTemplate
    this.#vocabSize = vocabSize
    this.#contextLength = contextLength
  }

  /**
   * The prompt's tokens, special ones included; at least one, and room for at least one more.
   * @throws InvalidRequest for an empty or too long prompt, an id outside the vocabulary, or a model without a chat template
   */
  encode(prompt: Prompt): number[] {
    const tokens = this.#tokens(prompt)
    if (tokens.length === 0) {
      throw new InvalidRequest(
        'The prompt is empty, and this model has no begin-of-sequence token to start from. Give at least one token.',
      )
    }
    if (tokens.length >= this.#contextLength) {
      throw new InvalidRequest(
        `The prompt has ${tokens.length} tokens, but the context holds ${this.#contextLength}, output included. Shorten it.`,
      )
    }
    return tokens
  }

  #tokens(prompt: Prompt): number[] {
    if (typeof prompt === 'string') return this.#tokenizer.encode(prompt, { addSpecialTokens: true })
    const chat = chatOf(prompt)
    if (chat) {
      const { messages, continueFinalMessage = false, addGenerationPrompt = !continueFinalMessage } = chat
      const written = messages.map(message => ({ ...message, content: textOf(message.content) }))
      const options = { addGenerationPrompt, continueFinalMessage, variables: chat.templateVariables }
      // the template writes the special tokens itself
      return this.#tokenizer.encode(this.#chatTemplate.render(written, options), { addSpecialTokens: false })
    }
    if (!Array.isArray(prompt))
      throw new InvalidRequest(`A prompt is a text, messages or token ids, not ${typeof prompt}.`)
    return (prompt as readonly number[]).map((id, index) => {
      if (Number.isInteger(id) && id >= 0 && id < this.#vocabSize) return id
      throw new InvalidRequest(
        `Token ${index} of the prompt is ${String(id)}, but ids go from 0 to ${this.#vocabSize - 1}.`,
      )
    })
  }
}
