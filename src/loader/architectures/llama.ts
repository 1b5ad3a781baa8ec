import type { Architecture } from './architecture'
import { attentionBiases, llamaLike } from './llama-like'

/** Llama 1 to 3, SmolLM, TinyLlama and many more. */
export const llama: Architecture = {
  names: ['LlamaForCausalLM'],
  describe: fields => ({ ...llamaLike(fields), ...attentionBiases(fields), mlpBias: fields.flag('mlp_bias') }),
}
