import type { Architecture } from './architecture'
import { attentionBiases, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** Llama 1 to 3, SmolLM, TinyLlama and many more. */
export const llama: Architecture = {
  names: ['LlamaForCausalLM'],
  reads: [...LLAMA_FIELDS, 'attention_bias', 'mlp_bias'],
  // Falcon 3 says it beside hidden_act
  only: { activation: 'swiglu' },
  gguf: {
    name: 'llama',
    turnsNeighbours: true,
    config: ({ hasTensor }) => ({
      attention_bias: hasTensor('blk.0.attn_q.bias'),
      mlp_bias: hasTensor('blk.0.ffn_gate.bias'),
    }),
  },
  describe: fields => ({ ...llamaLike(fields), ...attentionBiases(fields), mlpBias: fields.flag('mlp_bias') }),
}
