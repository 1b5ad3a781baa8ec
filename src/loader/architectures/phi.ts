import type { Architecture } from './architecture'
import { LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * Phi 1, 1.5 and 2 (arXiv:2309.05463): attention and MLP side by side, both of the same LayerNorm; biases everywhere, in the
 * head too; no gates; a part of each head turns.
 */
export const phi: Architecture = {
  names: ['PhiForCausalLM'],
  gguf: { name: 'phi2', turnsPart: true },
  reads: [...LLAMA_FIELDS.filter(name => name !== 'rms_norm_eps'), 'layer_norm_eps'],
  aliases: { rms_norm_eps: 'layer_norm_eps' },
  only: { qk_layernorm: false },
  describe: fields => ({
    ...llamaLike(fields, { normEps: 1e-5, activation: 'gelu_new', rotaryShare: 0.5 }),
    norm: 'layer',
    isParallel: true,
    isGated: false,
    qkvBias: true,
    outputBias: true,
    mlpBias: true,
    headBias: true,
    tensors: {
      ...LLAMA_TENSORS,
      layer: {
        ...LLAMA_TENSORS.layer,
        output: { name: 'self_attn.dense' },
        mlpNorm: LLAMA_TENSORS.layer.attentionNorm,
        gateUp: [{ name: 'mlp.fc1' }],
        down: { name: 'mlp.fc2' },
      },
      finalNorm: { name: 'model.final_layernorm' },
    },
  }),
}
