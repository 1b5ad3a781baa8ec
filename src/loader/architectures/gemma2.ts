import type { JsonObject } from '../../core/json'
import type { Named, TensorNames } from '../../core/model-config'
import type { Fields } from '../config/fields'
import type { Architecture, Decoder, GgufDescription } from './architecture'
import { attentionBiases, LLAMA_TENSORS, type LlamaVariation, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

export const GEMMA_FIELDS = [
  ...[...LLAMA_FIELDS.filter(name => name !== 'hidden_act'), 'hidden_activation', 'attention_bias'],
  ...['sliding_window', 'layer_types'],
  ...['query_pre_attn_scalar', 'attn_logit_softcapping', 'final_logit_softcapping'],
]

/**
 * Gemma 2 (arXiv:2408.00118): norms before and after attention and MLP, GELU, embeddings times √hidden, scores and logits
 * capped, and a sliding window in every other layer, from the first on.
 */
export const gemma2: Architecture = {
  names: ['Gemma2ForCausalLM'],
  gguf: { name: 'gemma2', config: model => ggufGemma(model, 46) },
  reads: GEMMA_FIELDS,
  only: { use_bidirectional_attention: false },
  // sliding_window_size says sliding_window again
  irrelevant: ['cache_implementation', 'sliding_window_size'],
  describe: fields => gemma(fields, { slides: layer => layer % 2 === 0 }, { attention: 50, logits: 30 }),
}

/** The decoder of Gemma 2 and 3. `caps`: the defaults of the caps, undefined for none; null in config.json is none too. */
export function gemma(
  fields: Fields,
  variation: LlamaVariation,
  caps: { readonly attention?: number; readonly logits?: number } = {},
): Decoder {
  const base = llamaLike(fields, {
    headDim: 256,
    numKvHeads: 4,
    tieWordEmbeddings: true,
    activation: 'gelu_pytorch_tanh',
    activationField: 'hidden_activation',
    defaultWindow: 4096,
    ...variation,
  })
  return {
    ...base,
    ...attentionBiases(fields),
    // in the precision of the computation, as everything: transformers rounds it to that of the weights
    embeddingScale: Math.sqrt(base.hiddenSize),
    attentionScale: fields.positive('query_pre_attn_scalar', 256) ** -0.5,
    attentionSoftcap: readSoftcap(fields, 'attn_logit_softcapping', caps.attention),
    logitSoftcap: readSoftcap(fields, 'final_logit_softcapping', caps.logits),
    tensors: GEMMA_TENSORS,
  }
}

/** A norm of Gemma's, which multiplies by 1 more than the checkpoint has as its weight. */
export const gemmaNorm = (name: string): Named => ({ name, layout: { type: 'less-one' } })

export const GEMMA_TENSORS: TensorNames = {
  ...LLAMA_TENSORS,
  layer: {
    ...LLAMA_TENSORS.layer,
    attentionNorm: gemmaNorm('input_layernorm'),
    postAttentionNorm: gemmaNorm('post_attention_layernorm'),
    mlpNorm: gemmaNorm('pre_feedforward_layernorm'),
    postMlpNorm: gemmaNorm('post_feedforward_layernorm'),
  },
  finalNorm: gemmaNorm('model.norm'),
}

function readSoftcap(fields: Fields, name: string, fallback: number | undefined): number | undefined {
  if (!(name in fields.json)) return fallback
  return fields.read(name) === undefined ? undefined : fields.positive(name)
}

/**
 * Fields of a Gemma's config.json by its GGUF file, which lacks `query_pre_attn_scalar`: it is the head's size but for the
 * model of 27 billion weights, the one with `layersOf27b` layers.
 */
export function ggufGemma(
  { fields, numLayers, headDim, hiddenSize, numHeads }: GgufDescription,
  layersOf27b: number,
): JsonObject {
  return {
    query_pre_attn_scalar: numLayers === layersOf27b ? hiddenSize / numHeads : headDim,
    attn_logit_softcapping: fields.read('attn_logit_softcapping'),
    final_logit_softcapping: fields.read('final_logit_softcapping'),
  }
}
