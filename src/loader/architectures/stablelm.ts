import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** StableLM 2 (arXiv:2402.17834) up to 3 billion weights: a Llama with LayerNorms, of whose heads a quarter turns. */
export const stableLm: Architecture = {
  names: ['StableLmForCausalLM'],
  gguf: {
    name: 'stablelm',
    turnsPart: true,
    config: ({ fields, hasTensor }) => ({
      use_qkv_bias: hasTensor('blk.0.attn_q.bias'),
      // the converter says true where config.json says nothing, which means false; such models have no norm before the MLP
      use_parallel_residual: fields.flag('use_parallel_residual') && !hasTensor('blk.0.ffn_norm.weight'),
    }),
  },
  reads: [...LLAMA_FIELDS.filter(name => name !== 'rms_norm_eps'), 'layer_norm_eps', 'use_qkv_bias'],
  aliases: { rms_norm_eps: 'layer_norm_eps' },
  // as the models of 12 billion weights have them
  only: { use_parallel_residual: false, qk_layernorm: false },
  describe: fields => ({
    ...llamaLike(fields, { normEps: 1e-5, rotaryShare: 0.25 }),
    norm: 'layer',
    qkvBias: fields.flag('use_qkv_bias'),
  }),
}
