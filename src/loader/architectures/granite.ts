import type { Architecture } from './architecture'
import { attentionBiases, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** Granite 3 (arXiv:2412.03304): a Llama with a multiplier at every seam (as µP, arXiv:2203.03466, asks for). */
export const granite: Architecture = {
  names: ['GraniteForCausalLM'],
  gguf: {
    name: 'granite',
    turnsNeighbours: true,
    config: ({ fields }) => ({
      embedding_multiplier: fields.read('embedding_scale'),
      attention_multiplier: fields.read('attention.scale'),
      residual_multiplier: fields.read('residual_scale'),
      logits_scaling: fields.read('logit_scale'),
    }),
  },
  reads: [
    ...[...LLAMA_FIELDS, 'attention_bias', 'mlp_bias'],
    ...['embedding_multiplier', 'attention_multiplier', 'residual_multiplier', 'logits_scaling'],
  ],
  describe: fields => ({
    ...llamaLike(fields),
    ...attentionBiases(fields),
    mlpBias: fields.flag('mlp_bias'),
    embeddingScale: fields.factor('embedding_multiplier', 1),
    attentionScale: fields.factor('attention_multiplier', 1),
    residualScale: fields.factor('residual_multiplier', 1),
    logitScale: 1 / fields.factor('logits_scaling', 1),
  }),
}
