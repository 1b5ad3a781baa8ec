import { CorruptCheckpoint, UnsupportedModel } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import { Fields } from './fields'
import { IRRELEVANT_FIELDS } from './irrelevant-fields'
import { brief, type JsonObject } from './json'
import { parseRope } from './rope-config'

/** All have the Llama forward pass; Mistral differs by a sliding window, which is refused unless it never acts. */
const ARCHITECTURES = ['LlamaForCausalLM', 'MistralForCausalLM']

// Far above any published model (Llama 3.1 405B: hidden 16384, ffn 53248, 126 layers, 128 heads; Gemma: 262144 tokens;
// Llama 4: 10M positions), low enough that products of two of them stay exact and no buffer size overflows.
const MAX_VOCAB = 2 ** 22
const MAX_WIDTH = 2 ** 20
const MAX_LAYERS = 2 ** 12
const MAX_HEADS = 2 ** 12
const MAX_POSITIONS = 2 ** 28

/** Kernels read rows in groups of 8 elements. */
const WIDTH_MULTIPLE = 8

/** Fields that would change the computation, with the only value that we implement: the one that changes nothing. */
const NEUTRAL: readonly (readonly [name: string, value: unknown])[] = [
  ['hidden_act', 'silu'],
  // Splits matrix products in slices, for bit-equality with a training run.
  ['pretraining_tp', 1],
  ['rope_interleaved', false],
  ['partial_rotary_factor', 1],
  ['use_sliding_window', false],
  ['qk_layernorm', false],
  ['use_qk_norm', false],
  ['is_encoder_decoder', false],
  ['add_cross_attention', false],
  ['cross_attention_hidden_size', undefined],
  ['tie_encoder_decoder', false],
]

/**
 * The model that config.json describes, in Hugging Face's names; generation_config.json only adds end-of-sequence
 * tokens. Absent fields have the defaults of transformers' `LlamaConfig`. Nothing is silently ignored: a field that is
 * neither understood nor known to be irrelevant is `UnsupportedModel`, an impossible value is `CorruptCheckpoint`.
 */
export function parseModelConfig(config: JsonObject, generationConfig?: JsonObject): ModelConfig {
  const fields = new Fields(config, 'config.json')
  const architecture = checkArchitecture(fields)
  // how weights are stored is no part of the model (quantization-config.ts)
  fields.read('quantization_config')
  for (const [name, value] of NEUTRAL) fields.only(name, value)

  const hiddenSize = fields.size('hidden_size', MAX_WIDTH)
  const intermediateSize = fields.size('intermediate_size', MAX_WIDTH)
  const numHeads = fields.size('num_attention_heads', MAX_HEADS)
  const numKvHeads = fields.size('num_key_value_heads', MAX_HEADS, numHeads)
  const headDim = fields.size('head_dim', MAX_WIDTH, hiddenSize / numHeads)
  checkMultiple('hidden_size', hiddenSize)
  checkMultiple('intermediate_size', intermediateSize)
  checkMultiple('head_dim', headDim)
  if (numHeads % numKvHeads !== 0) {
    throw new CorruptCheckpoint(
      `config.json: num_attention_heads ${numHeads} is not a multiple of num_key_value_heads ${numKvHeads}.`,
    )
  }
  const maxPositions = fields.size('max_position_embeddings', MAX_POSITIONS)
  checkNoWindow(fields, maxPositions)

  const generation = new Fields(generationConfig ?? {}, 'generation_config.json')
  const ownEos = fields.tokenIds('eos_token_id')
  const generationEos = generation.tokenIds('eos_token_id')
  const [bosTokenId] = [...fields.tokenIds('bos_token_id'), ...generation.tokenIds('bos_token_id')]

  const parsed: ModelConfig = {
    architecture,
    vocabSize: fields.size('vocab_size', MAX_VOCAB),
    hiddenSize,
    intermediateSize,
    numLayers: fields.size('num_hidden_layers', MAX_LAYERS),
    numHeads,
    numKvHeads,
    headDim,
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    ...parseRope(fields),
    maxPositions,
    tieWordEmbeddings: fields.flag('tie_word_embeddings'),
    attentionBias: fields.flag('attention_bias'),
    mlpBias: fields.flag('mlp_bias'),
    bosTokenId,
    eosTokenIds: generationEos.length > 0 ? generationEos : ownEos,
  }
  fields.refuseUnread(IRRELEVANT_FIELDS)
  return parsed
}

function checkArchitecture(fields: Fields): ModelConfig['architecture'] {
  const names = fields.read('architectures')
  if (Array.isArray(names) && names.length === 1 && ARCHITECTURES.includes(names[0])) return 'llama'
  throw new UnsupportedModel(
    `config.json: architectures is ${brief(names)}; supported are ${ARCHITECTURES.join(', ')}.`,
  )
}

function checkMultiple(name: string, value: number): void {
  if (value % WIDTH_MULTIPLE === 0) return
  throw new UnsupportedModel(`config.json: ${name} is ${value}; it must be a multiple of ${WIDTH_MULTIPLE}.`)
}

/** A window at least as long as the context never hides a token. */
function checkNoWindow(fields: Fields, maxPositions: number): void {
  const window = fields.read('sliding_window') ?? maxPositions
  if (typeof window !== 'number' || window < maxPositions) {
    throw new UnsupportedModel(
      `config.json: sliding_window is ${brief(window)}, shorter than the context of ${maxPositions} tokens; sliding-window attention is not supported.`,
    )
  }
  const layerTypes = fields.read('layer_types') ?? []
  if (!Array.isArray(layerTypes) || layerTypes.some(type => type !== 'full_attention')) {
    throw new UnsupportedModel(`config.json: layer_types is ${brief(layerTypes)}; only "full_attention" is supported.`)
  }
}
