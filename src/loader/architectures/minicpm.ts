import type { Architecture } from './architecture'
import { attentionBiases, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * MiniCPM (arXiv:2404.06395) and the dense attention of MiniCPM 4 (arXiv:2506.07900): a Llama with embeddings, residuals and
 * logits scaled by the model's width and depth.
 */
export const miniCpm: Architecture = {
  names: ['MiniCPMForCausalLM'],
  reads: [...LLAMA_FIELDS, 'attention_bias', 'scale_emb', 'scale_depth', 'dim_model_base'],
  // code of its own, that transformers runs; a setting of its training
  irrelevant: ['auto_map', 'mup_denominator'],
  describe: fields => {
    const base = llamaLike(fields, { tieWordEmbeddings: true })
    return {
      ...base,
      ...attentionBiases(fields),
      embeddingScale: fields.factor('scale_emb', 1),
      residualScale: fields.factor('scale_depth', 1) / Math.sqrt(base.numLayers),
      logitScale: fields.positive('dim_model_base', 1) / base.hiddenSize,
    }
  },
}
