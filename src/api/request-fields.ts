import type { GenerationParams } from '../engine/sampling-params'

export type RequestKind = 'completion' | 'chat'

/** A field of a request's body, and what is done with its values. Null asks for nothing, in every field. */
export interface Field {
  /** Other values that ask for nothing; the first is the one that messages name. */
  readonly neutral: readonly unknown[]
  /** What any other value does: sets this parameter, says nothing about the tokens, or is read by the reader's own code. */
  readonly use?: { readonly param: keyof GenerationParams } | 'note' | 'own'
  /** Where other values are read; default: in both kinds. */
  readonly kind?: RequestKind
}

const param = (name: keyof GenerationParams, ...neutral: unknown[]): Field => ({ neutral, use: { param: name } })
/** Who asked, which of several models, what to bill: not what to generate. */
const note: Field = { neutral: [], use: 'note' }
const own = (kind?: RequestKind, ...neutral: unknown[]): Field => ({ neutral, use: 'own', kind })
/** Asks for something that the engine does not do, but for these values, with which it asks for nothing. */
const only = (...neutral: unknown[]): Field => ({ neutral })

/** Every field of OpenAI's chat and text completions, and those that vLLM adds. */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['prompt', own('completion')],
  ['messages', own('chat')],

  ['max_tokens', param('maxTokens')],
  ['max_completion_tokens', param('maxTokens')],
  ['temperature', param('temperature')],
  ['top_k', param('topK', -1)],
  ['top_p', param('topP')],
  ['min_p', param('minP')],
  ['seed', param('seed')],
  ['repetition_penalty', param('repetitionPenalty')],
  ['presence_penalty', param('presencePenalty')],
  ['frequency_penalty', param('frequencyPenalty')],
  ['logit_bias', param('logitBias')],
  ['stop', param('stop')],
  ['ignore_eos', param('ignoreEos')],
  ['logprobs', own(undefined, false)],
  ['top_logprobs', own('chat', 0)],
  ['return_token_ids', own()],

  ['model', note],
  ['user', note],
  ['safety_identifier', note],
  ['service_tier', note],
  ['prompt_cache_key', note],
  ['prompt_cache_retention', note],
  ['cache_salt', note],
  ['request_id', note],
  // which tokens are likely to come: the answer is the same without
  ['prediction', note],

  // OpenAI's
  ['n', own(undefined, 1)],
  ['stream', own(undefined, false)],
  ['metadata', own()],
  ['store', only(false)],
  ['best_of', only(1)],
  ['echo', only(false)],
  ['suffix', only(null, '')],
  ['stream_options', only({}, { include_usage: false }, { include_usage: true })],
  ['audio', only()],
  ['modalities', only(['text'])],
  ['response_format', own(undefined, { type: 'text' })],
  ['tools', own('chat', [])],
  ['tool_choice', own('chat', 'none', 'auto')],
  ['parallel_tool_calls', own('chat', true, false)],
  ['functions', only([])],
  ['function_call', only('none', 'auto')],
  ['reasoning_effort', only('none', 'medium')],
  ['verbosity', only('medium')],
  ['web_search_options', only()],

  // vLLM's, of sampling
  ['use_beam_search', only(false)],
  ['length_penalty', only(1)],
  ['early_stopping', only(false)],
  ['stop_token_ids', only([])],
  ['include_stop_str_in_output', only(false)],
  ['min_tokens', only(0)],
  ['bad_words', only([])],
  ['allowed_token_ids', only()],
  ['logits_processors', only([])],
  ['skip_special_tokens', param('skipSpecialTokens', true)],
  // between tokens that are not there
  ['spaces_between_special_tokens', only(true, false)],
  ['truncate_prompt_tokens', only()],
  ['prompt_logprobs', only()],
  ['repetition_detection', only()],
  ['thinking_token_budget', only()],

  // vLLM's, of the prompt
  ['add_generation_prompt', own('chat', true)],
  ['continue_final_message', own('chat', false)],
  ['chat_template_kwargs', own('chat', {})],
  ['chat_template', only()],
  ['add_special_tokens', own()],
  ['documents', only([])],
  ['mm_processor_kwargs', only({})],
  ['media_io_kwargs', only({})],
  ['prompt_embeds', only()],

  // vLLM's, of the answer's form and of serving
  ['structured_outputs', own()],
  ['guided_json', own()],
  ['guided_regex', own()],
  ['guided_choice', own()],
  ['guided_grammar', own()],
  ['guided_decoding_backend', note],
  ['guided_whitespace_pattern', only()],
  ['structural_tag', only()],
  ['include_reasoning', only(true)],
  ['return_tokens_as_token_ids', only(false)],
  ['priority', only(0)],
  ['kv_transfer_params', only()],
  ['vllm_xargs', only({})],
])

/** Whether a value of the field asks for nothing. */
export function isNeutral({ neutral }: Field, value: unknown): boolean {
  return value === null || value === undefined || neutral.some(each => isSameJson(each, value))
}

/** Whether two JSON values are equal; as deep as the left one, which is to be small, whatever is on the right. */
function isSameJson(small: unknown, value: unknown): boolean {
  if (typeof small !== 'object' || small === null) return small === value
  if (typeof value !== 'object' || value === null || Array.isArray(small) !== Array.isArray(value)) return false
  const entries = Object.entries(value)
  if (entries.length !== Object.keys(small).length) return false
  return entries.every(([key, each]) => Object.hasOwn(small, key) && isSameJson(small[key as keyof typeof small], each))
}
