import { Template } from '@huggingface/jinja'
import { InvalidRequest, UnsupportedModel } from '../core/errors'
import { specialTokens } from './special-tokens'
import { strftime } from './strftime'

export interface ChatMessage {
  readonly role: string
  readonly content: unknown
  /** Whatever else the model's template reads: `name`, `tool_calls`, … */
  readonly [field: string]: unknown
}

export interface RenderOptions {
  /** End with the beginning of an assistant's message, for the model to go on. Default true. */
  readonly addGenerationPrompt?: boolean
  /** End within the last message, for the model to go on with it. Default false. */
  readonly continueFinalMessage?: boolean
  /** What the template takes for today. Default: now. */
  readonly date?: Date
  /** More variables for the template: `tools`, `enable_thinking`, … */
  readonly variables?: Readonly<Record<string, unknown>>
}

/**
 * A model's own way to write a conversation as one prompt: a Jinja template with the variables that transformers'
 * `apply_chat_template` gives it. The template writes special tokens itself, so encode the result without adding any.
 */
export class ChatTemplate {
  readonly #text: string | undefined
  readonly #specialTokens: Readonly<Record<string, string>>
  /** Parsed at first use: a bad template should not keep a model from completing plain text. */
  #template: Template | undefined

  /** Takes the contents of tokenizer_config.json and of chat_template.jinja, which counts if both have a template. */
  constructor(tokenizerConfig: Readonly<Record<string, unknown>> = {}, chatTemplateFile?: string) {
    this.#text = chatTemplateFile ?? defaultTemplate(tokenizerConfig.chat_template)
    this.#specialTokens = specialTokens(tokenizerConfig)
  }

  /** The prompt's text. `InvalidRequest` if the model has no template or its template refuses the messages. */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    const { addGenerationPrompt = true, date = new Date(), variables } = options
    this.#template ??= parse(this.#text)
    try {
      return this.#template.render({
        ...this.#specialTokens,
        // none rather than undefined, as transformers gives them: templates ask `tools is not none`
        tools: null,
        documents: null,
        messages,
        add_generation_prompt: addGenerationPrompt,
        [STRFTIME]: (format: string) => strftime(date, format),
        ...variables,
      })
    } catch (cause) {
      throw new InvalidRequest(`The model's chat template cannot write these messages: ${message(cause)}`, { cause })
    }
  }
}

/** The name under which a template gets our `strftime_now`: the library's own speaks the browser's language. */
const STRFTIME = 'coppice_strftime'

function parse(text: string | undefined): Template {
  if (text === undefined) {
    throw new InvalidRequest(
      'The model has no chat template (tokenizer_config.json, chat_template.jinja). Write the prompt as plain text, or use an instruction-tuned model.',
    )
  }
  try {
    // The empty output keeps a newline at the template's start from being taken for the end of the `set` line.
    return new Template(`{% set strftime_now = ${STRFTIME} %}{{ '' }}${text}`)
  } catch (cause) {
    throw new UnsupportedModel(`The model's chat template cannot be parsed: ${message(cause)}`, { cause })
  }
}

/** `chat_template` is a template or a list of `{ name, template }`, of which `default` is for plain conversations. */
function defaultTemplate(field: unknown): string | undefined {
  if (typeof field === 'string') return field
  const named: { name?: unknown; template?: unknown }[] = Array.isArray(field) ? field : []
  const template = named.find(entry => entry?.name === 'default')?.template
  return typeof template === 'string' ? template : undefined
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
