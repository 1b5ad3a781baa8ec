import type { JsonObject } from '../core/json'
import type { GenerationParams } from '../engine/sampling-params'

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly json_schema: JsonSchemaFormat }

interface JsonSchemaFormat {
  /** 1 to 64 letters, digits, _ and -. */
  readonly name: string
  readonly schema?: JsonObject
  readonly description?: string
  /** The schema is held to in either case. */
  readonly strict?: boolean | null
}

/** The fields of requests that ask for something, by OpenAI's and vLLM's names; null asks for nothing. Others are refused by name. */
interface CommonParams {
  /** The engine's own name for its model, or none. */
  readonly model?: string | null
  /** Answers to each prompt; they share its computation. */
  readonly n?: number | null
  readonly max_tokens?: number | null
  readonly temperature?: number | null
  readonly top_p?: number | null
  readonly stop?: string | readonly string[] | null
  readonly seed?: number | null
  readonly presence_penalty?: number | null
  readonly frequency_penalty?: number | null
  readonly logit_bias?: Readonly<Record<string, number>> | null
  readonly stream_options?: { readonly include_usage?: boolean } | null
  readonly user?: string | null
  readonly metadata?: Readonly<Record<string, string>> | null
  /** What the answer is held to. */
  readonly response_format?: ResponseFormat | null
  // vLLM's
  readonly top_k?: number | null
  readonly min_p?: number | null
  readonly repetition_penalty?: number | null
  readonly ignore_eos?: boolean | null
  readonly return_token_ids?: boolean | null
  readonly skip_special_tokens?: boolean | null
  readonly structured_outputs?: {
    readonly json?: JsonObject | boolean | string | null
    readonly regex?: string | null
    readonly choice?: readonly string[] | null
    readonly grammar?: string | null
    readonly json_object?: boolean | null
    /** False admits spaces and line breaks wherever JSON may have them. */
    readonly disable_any_whitespace?: boolean
  } | null
}

export interface ChatCompletionParams extends CommonParams {
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean | null
  readonly max_completion_tokens?: number | null
  readonly logprobs?: boolean | null
  readonly top_logprobs?: number | null
  /** Functions that the answer may call. */
  readonly tools?: readonly ToolDefinition[] | null
  readonly tool_choice?:
    | 'none'
    | 'auto'
    | 'required'
    | { readonly type: string; readonly function?: { readonly name: string } }
    | null
  /** Whether an answer that must call tools may call several times; default true. */
  readonly parallel_tool_calls?: boolean | null
  /** Changes no answer. */
  readonly prediction?: unknown
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null
  readonly add_generation_prompt?: boolean | null
  readonly continue_final_message?: boolean | null
}

export interface ToolDefinition {
  /** Only `function` is supported. */
  readonly type: string
  readonly function?: {
    /** 1 to 64 letters, digits, _ and -. */
    readonly name: string
    readonly description?: string
    /** The JSON Schema of its arguments. */
    readonly parameters?: JsonObject
    readonly strict?: boolean | null
  }
}

export interface ChatMessage {
  readonly role: string
  readonly content?: string | readonly { readonly type: string; readonly text?: string }[] | null
  readonly name?: string | null
  readonly tool_calls?: readonly unknown[] | null
  readonly tool_call_id?: string | null
}

export interface CompletionParams extends CommonParams {
  readonly prompt: string | readonly string[] | readonly number[] | readonly (readonly number[])[]
  readonly stream?: boolean | null
  readonly logprobs?: number | null
}

export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  /** Tokens of the prompts that others had computed, or earlier requests. */
  prompt_tokens_details?: { cached_tokens: number }
}

export interface TokenIds {
  /** Where `return_token_ids` asks for them. */
  prompt_token_ids?: readonly number[]
  token_ids?: readonly number[]
}

export interface TokenScore {
  token: string
  logprob: number
  /** Its UTF-8; of part of a character, that part. */
  bytes: number[]
}

export interface ChatLogprobs {
  content: (TokenScore & { top_logprobs: TokenScore[] })[]
  refusal: null
}

export interface CompletionLogprobs {
  tokens: string[]
  token_logprobs: number[]
  top_logprobs: Record<string, number>[]
  /** Where in the text each token begins, in code points. */
  text_offset: number[]
}

type FinishReason = 'stop' | 'length'

export interface ToolCallObject {
  /** By which a message of role `tool` answers it. */
  id: string
  type: 'function'
  /** `arguments`: JSON of an object. */
  function: { name: string; arguments: string }
}

export interface AssistantMessage {
  role: 'assistant'
  /** Null beside calls, if nothing else was said. */
  content: string | null
  refusal: null
  /** What stood between the model's think tags. */
  reasoning_content?: string
  tool_calls?: ToolCallObject[]
}

interface Answer {
  id: string
  /** Seconds since 1970. */
  created: number
  model: string
}

export interface ChatCompletion extends Answer {
  object: 'chat.completion'
  choices: (TokenIds & {
    index: number
    message: AssistantMessage
    logprobs: ChatLogprobs | null
    finish_reason: FinishReason | 'tool_calls'
  })[]
  usage: Usage
  metadata?: Readonly<Record<string, string>>
}

export interface Completion extends Answer {
  object: 'text_completion'
  choices: (TokenIds & {
    index: number
    text: string
    logprobs: CompletionLogprobs | null
    finish_reason: FinishReason
  })[]
  usage: Usage
  metadata?: Readonly<Record<string, string>>
}

export interface ChatCompletionChunk extends Answer {
  object: 'chat.completion.chunk'
  choices: (TokenIds & {
    index: number
    delta: {
      role?: 'assistant'
      content?: string
      refusal?: null
      reasoning_content?: string
      /** Each call whole. */
      tool_calls?: (ToolCallObject & { index: number })[]
    }
    logprobs: ChatLogprobs | null
    finish_reason: FinishReason | 'tool_calls' | null
  })[]
  /** Null but in the last chunk, which has no choices; only where `stream_options.include_usage` asks for it. */
  usage?: Usage | null
}

/** A piece of a completion, of the same form. */
export interface CompletionChunk extends Answer {
  object: 'text_completion'
  choices: (TokenIds & {
    index: number
    text: string
    logprobs: CompletionLogprobs | null
    finish_reason: FinishReason | null
  })[]
  usage?: Usage | null
}

export interface Model {
  id: string
  object: 'model'
  created: number
  owned_by: string
  /** Longest prompt and output together, in tokens; vLLM's name. */
  max_model_len: number
}

/** Parameters of requests that leave them out. */
export type RequestDefaults = Pick<GenerationParams, 'maxTokens' | 'temperature'>
