import { InvalidRequest, UnsupportedModel } from '../core/errors'
import { Template, TemplateError } from '../jinja'
import { beginContinuation, endContinuation } from './continuation'
import { specialTokens } from './special-tokens'
import { strftime } from './strftime'

export interface ChatMessage {
  readonly role: string
  readonly content: unknown
  /** Other fields that the model's template reads: `name`, `tool_calls`, … */
  readonly [field: string]: unknown
}

export interface RenderOptions {
  /**
   * Whether the text ends with the beginning of an assistant's message, for the model to go on. Default true, or false if
   * `continueFinalMessage`.
   */
  readonly addGenerationPrompt?: boolean
  /** Whether it ends within the last message, for the model to go on with that. Not with `addGenerationPrompt`. Default false. */
  readonly continueFinalMessage?: boolean
  /** The date that the template takes for today's. Default: now. */
  readonly date?: Date
  /** More variables for the template: `tools`, `enable_thinking`, … */
  readonly variables?: Readonly<Record<string, unknown>>
}

/**
 * A model's own way to write a conversation as one prompt: a Jinja template with the variables that transformers'
 * `apply_chat_template` gives it. The template writes special tokens itself, so encode the result without adding any.
 */
export class ChatTemplate {
  /** Templates by name; the one for plain conversations is `default`. */
  readonly #texts: ReadonlyMap<string, string>
  readonly #specialTokens: Readonly<Record<string, string>>
  /** Templates by name, parsed at first use: a bad one should not keep a model from completing plain text. */
  readonly #templates = new Map<string, Template>()

  /** Takes the contents of tokenizer_config.json and of chat_template.jinja, which counts if both have a template. */
  constructor(tokenizerConfig: Readonly<Record<string, unknown>> = {}, chatTemplateFile?: string) {
    this.#texts = namedTemplates(chatTemplateFile ?? tokenizerConfig.chat_template)
    this.#specialTokens = specialTokens(tokenizerConfig)
  }

  /** The template as the model's files have it, the one for tools if that is another; undefined without. */
  get text(): string | undefined {
    return this.#texts.get('tool_use') ?? this.#texts.get('default')
  }

  /**
   * The prompt's text.
   * @throws InvalidRequest if the model has no template, or its template refuses the messages
   * @throws UnsupportedModel if the template is no Jinja, or takes more than it may
   */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    const { continueFinalMessage = false, date = new Date(), variables } = options
    const { addGenerationPrompt = !continueFinalMessage } = options
    if (continueFinalMessage && addGenerationPrompt) {
      throw new InvalidRequest(
        'addGenerationPrompt begins a message and continueFinalMessage goes on with one: set one of them.',
      )
    }
    const name = variables?.tools && this.#texts.has('tool_use') ? 'tool_use' : 'default'
    const template = this.#template(name)
    if (continueFinalMessage && !this.#texts.get(name)?.includes('content')) {
      throw new InvalidRequest("The final message cannot be continued: the chat template does not read its 'content'.")
    }
    const rendered = attempt('cannot write these messages', () =>
      template.render(
        {
          ...this.#specialTokens,
          // none rather than undefined, as transformers gives them: templates ask `tools is not none`
          tools: null,
          documents: null,
          messages: continueFinalMessage ? beginContinuation(messages) : messages,
          add_generation_prompt: addGenerationPrompt,
          ...variables,
        },
        format => strftime(date, format),
      ),
    )
    return continueFinalMessage ? endContinuation(rendered, messages) : rendered
  }

  #template(name: string): Template {
    const text = this.#texts.get(name)
    if (text === undefined) throw new InvalidRequest(missing(this.#texts))
    const template = this.#templates.get(name) ?? attempt('cannot be parsed', () => new Template(text))
    this.#templates.set(name, template)
    return template
  }
}

/** The value that `work` gives; a template's failure on these messages becomes `InvalidRequest`, any other `UnsupportedModel`. */
function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    const message = `The model's chat template ${what}: ${cause.message}`
    throw cause.kind === 'runtime' ? new InvalidRequest(message, { cause }) : new UnsupportedModel(message, { cause })
  }
}

/** Templates by name, of a field that holds one or a list of `{ name, template }`; `default` is for plain conversations. */
function namedTemplates(field: unknown): ReadonlyMap<string, string> {
  if (typeof field === 'string') return new Map([['default', field]])
  const entries: { name?: unknown; template?: unknown }[] = Array.isArray(field) ? field : []
  return new Map(
    entries.flatMap(entry => {
      const { name, template } = entry ?? {}
      return typeof name === 'string' && typeof template === 'string' ? [[name, template] as const] : []
    }),
  )
}

function missing(texts: ReadonlyMap<string, string>): string {
  const others = texts.size > 0 ? ` for plain conversations, only ${[...texts.keys()].join(', ')}` : ''
  return `The model has no chat template${others} (tokenizer_config.json, chat_template.jinja). Write the prompt as plain text, or use an instruction-tuned model.`
}
