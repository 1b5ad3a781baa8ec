import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** Mistral (arXiv:2310.06825): a Llama whose layers all have a sliding window, unless it is null. */
export const mistral: Architecture = {
  names: ['MistralForCausalLM'],
  reads: [...LLAMA_FIELDS, 'sliding_window'],
  describe: fields => llamaLike(fields, { numKvHeads: 8, defaultWindow: 4096 }),
}
