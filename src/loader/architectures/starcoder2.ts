import type { Architecture } from './architecture'
import { LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** StarCoder 2 (arXiv:2402.19173): a Llama with LayerNorms, biases and a sliding window, without gates. */
export const starCoder2: Architecture = {
  names: ['Starcoder2ForCausalLM'],
  gguf: { name: 'starcoder2', config: ({ hasTensor }) => ({ use_bias: hasTensor('blk.0.attn_q.bias') }) },
  reads: [...LLAMA_FIELDS.filter(name => name !== 'rms_norm_eps'), 'norm_epsilon', 'use_bias', 'sliding_window'],
  aliases: { rms_norm_eps: 'norm_epsilon' },
  only: { mlp_type: 'default', norm_type: 'layer_norm' },
  irrelevant: ['residual_dropout', 'embedding_dropout'],
  describe: fields => {
    const hasBias = fields.flag('use_bias', true)
    return {
      ...llamaLike(fields, {
        normEps: 1e-5,
        activation: 'gelu_pytorch_tanh',
        numKvHeads: 2,
        tieWordEmbeddings: true,
      }),
      norm: 'layer',
      isGated: false,
      qkvBias: hasBias,
      outputBias: hasBias,
      mlpBias: hasBias,
      tensors: {
        ...LLAMA_TENSORS,
        layer: { ...LLAMA_TENSORS.layer, gateUp: [{ name: 'mlp.c_fc' }], down: { name: 'mlp.c_proj' } },
      },
    }
  },
}
