import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'

/** Mistral (arXiv:2310.06825): a Llama whose layers all have a sliding window, unless it is null. */
export const mistral: Architecture = {
  names: ['MistralForCausalLM'],
  describe: fields => llamaLike(fields, { defaultWindow: 4096 }),
}
