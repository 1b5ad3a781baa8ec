import { InvalidRequest } from '../core/errors'
import { joined } from '../core/joined'
import type { Work } from '../core/work'
import { foreignToken } from '../scheduler/check-request'
import type { ChatTemplate } from '../tokenizer/chat-template'
import type { EncodeOptions, Tokenizer } from '../tokenizer/tokenizer'
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

  get chatTemplate(): string | undefined {
    return this.#chatTemplate.text
  }

  /**
   * The prompt's tokens, special ones included; at least one, and room for at least one more.
   * @throws InvalidRequest for what is no prompt, an empty or too long one, or a model without a chat template
   */
  *encode(prompt: Prompt): Work<number[]> {
    const tokens = yield* this.#tokens(prompt, this.#contextLength)
    if (tokens.length === 0) {
      throw new InvalidRequest(
        'The prompt is empty, and this model has no begin-of-sequence token to start from. Give at least one token.',
      )
    }
    if (tokens.length >= this.#contextLength) throw this.#tooLong(String(tokens.length))
    return tokens
  }

  /** The same of a prompt of any length. @throws InvalidRequest for what is no prompt, or a model without a chat template */
  tokenize(prompt: Prompt, options?: EncodeOptions): Work<number[]> {
    return this.#tokens(prompt, Number.POSITIVE_INFINITY, options)
  }

  /** `most`: where as many tokens do not fit, the prompt is refused early. */
  *#tokens(prompt: Prompt, most: number, { addSpecialTokens = true }: EncodeOptions = {}): Work<number[]> {
    if (typeof prompt === 'string') return yield* this.#encodeText(prompt, most, addSpecialTokens)
    const chat = chatOf(prompt)
    if (chat) {
      const { messages, continueFinalMessage = false, addGenerationPrompt = !continueFinalMessage } = chat
      const written = messages.map(message => ({ ...message, content: message.content && textOf(message.content) }))
      const options = { addGenerationPrompt, continueFinalMessage, variables: chat.templateVariables }
      // the template writes the special tokens itself
      return yield* this.#encodeText(this.#chatTemplate.render(written, options), most, false)
    }
    if (Array.isArray(prompt)) return [...(prompt as readonly number[])]
    throw new InvalidRequest(
      `A prompt is a text, messages or token ids, not ${prompt === null ? null : typeof prompt}.`,
    )
  }

  *#encodeText(text: string, most: number, addSpecialTokens: boolean): Work<number[]> {
    const atLeast = this.#tokenizer.minTokens(text)
    if (atLeast >= most) throw this.#tooLong(`at least ${atLeast}`)
    const parts: (readonly number[])[] = []
    let numTokens = 0
    let numTokensHere = 0
    for (const part of this.#tokenizer.encodeInParts(text, { addSpecialTokens })) {
      parts.push(part)
      numTokens += part.length
      numTokensHere += part.length
      // whoever hands in a book by mistake need not wait for the end of it
      if (numTokens >= 2 * most) throw this.#tooLong(`at least ${numTokens}`)
      if (numTokensHere < TOKENS_AT_ONCE) continue
      numTokensHere = 0
      yield
    }
    const tokens = joined(parts)
    const foreign = foreignToken(tokens, this.#vocabSize)
    if (foreign < 0) return tokens
    const name = JSON.stringify(this.#tokenizer.decode([tokens[foreign]], { skipSpecialTokens: false }))
    throw new InvalidRequest(
      `Token ${foreign} of the prompt is ${tokens[foreign]} (${name}), but ids go from 0 to ${this.#vocabSize - 1}: the tokenizer's files name more tokens than the model has. Leave it out of the text.`,
    )
  }

  #tooLong(numTokens: string): InvalidRequest {
    return new InvalidRequest(
      `The prompt has ${numTokens} tokens, but the context holds ${this.#contextLength}, output included. Shorten it.`,
    )
  }
}

/** Tokens of a text, about, after which other work may have its turn: some milliseconds. */
const TOKENS_AT_ONCE = 2048
