import { BLOCK_LEN } from '../../core/block'
import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief } from '../../core/json'
import { type Activation, MAX_HEAD_DIM, type Rope, type TensorNames } from '../../core/model-config'
import type { Fields } from '../config/fields'
import { type RopeOptions, readRope } from '../config/rope-config'
import type { Decoder } from './architecture'
import { readWindows, type WindowOptions } from './windows'

// Limits far above any published model (Llama 3.1 405B: hidden 16384, ffn 53248, 126 layers, 128 heads; Gemma: 262144 tokens;
// Llama 4: 10M positions), low enough that products of two of them stay exact and no buffer size overflows.
const MAX_VOCAB = 2 ** 22
const MAX_WIDTH = 2 ** 20
export const MAX_LAYERS = 2 ** 9
const MAX_HEADS = 2 ** 12
const MAX_POSITIONS = 2 ** 28

/** Kernels read rows in groups of 8 elements. */
const WIDTH_MULTIPLE = 8

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
}

export const LLAMA_TENSORS: TensorNames = {
  embedding: 'model.embed_tokens',
  layers: 'model.layers',
  layer: {
    attentionNorm: { name: 'input_layernorm' },
    qkv: [{ name: 'self_attn.q_proj' }, { name: 'self_attn.k_proj' }, { name: 'self_attn.v_proj' }],
    output: { name: 'self_attn.o_proj' },
    mlpNorm: { name: 'post_attention_layernorm' },
    gateUp: [{ name: 'mlp.gate_proj' }, { name: 'mlp.up_proj' }],
    down: { name: 'mlp.down_proj' },
  },
  finalNorm: { name: 'model.norm' },
  head: 'lm_head',
}

/** Differences from a Llama in how an architecture reads config.json, mostly defaults of absent fields. */
export interface LlamaVariation extends WindowOptions, Pick<RopeOptions, 'defaultTheta' | 'rotaryShare' | 'kinds'> {
  /** The rotations of layers that see everything (undefined: none), and of those with a window; default: one for both. */
  ropes?(fields: Fields, options: RopeOptions): { readonly full: Rope | undefined; readonly sliding: Rope }
  readonly headDim?: number
  /** Default of `num_key_value_heads`; undefined, or null in the field: as many as query heads. */
  readonly numKvHeads?: number
  readonly intermediateSize?: number
  readonly normEps?: number
  readonly tieWordEmbeddings?: boolean
  /** Default of the activation, by its name in transformers, and the field that names it. */
  readonly activation?: string
  readonly activationField?: string
  /** The activations that it may have, by their names in transformers; default: those of gates. */
  readonly activations?: Readonly<Record<string, Activation>>
}

/** The decoder that most architectures vary: a Llama (arXiv:2302.13971 §2.2; GQA: arXiv:2307.09288) without biases. */
export function llamaLike(fields: Fields, variation: LlamaVariation = {}): Decoder {
  const sizes = readSizes(fields, variation)
  const { headDim, numLayers, maxPositions } = sizes
  const { ropes = oneRope } = variation
  const { full, sliding } = ropes(fields, { ...variation, ...sizes })
  return {
    ...sizes,
    layers: readWindows(fields, numLayers, variation).map(window => ({
      rope: window === undefined ? full : sliding,
      window: actingWindow(window, maxPositions),
    })),
    norm: 'rms',
    normEps: fields.positive('rms_norm_eps', variation.normEps ?? 1e-6),
    qkNorm: undefined,
    isParallel: false,
    activation: readActivation(fields, variation),
    isGated: true,
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    headBias: false,
    tieWordEmbeddings: fields.flag('tie_word_embeddings', variation.tieWordEmbeddings ?? false),
    embeddingScale: 1,
    attentionScale: headDim ** -0.5,
    queryGrowth: undefined,
    residualScale: 1,
    logitScale: 1,
    attentionSoftcap: undefined,
    logitSoftcap: undefined,
    tensors: LLAMA_TENSORS,
  }
}

/** The biases that `attention_bias` gives to q, k, v and the output projection. */
export function attentionBiases(fields: Fields): Pick<Decoder, 'qkvBias' | 'outputBias'> {
  const hasBias = fields.flag('attention_bias')
  return { qkvBias: hasBias, outputBias: hasBias }
}

function oneRope(fields: Fields, options: RopeOptions) {
  const rope = readRope(fields, options)
  return { full: rope, sliding: rope }
}

/** The window, unless it is as long as the context: then it never hides a token. */
function actingWindow(window: number | undefined, maxPositions: number): number | undefined {
  if (window === undefined || window >= maxPositions) return undefined
  if (window >= BLOCK_LEN) return window
  throw new UnsupportedModel(
    `config.json: sliding_window is ${window}; supported are windows of ${BLOCK_LEN} tokens, a block of the KV cache, and more.`,
  )
}

function readSizes(fields: Fields, defaults: LlamaVariation) {
  const hiddenSize = fields.size('hidden_size', MAX_WIDTH)
  const intermediateSize = fields.size('intermediate_size', MAX_WIDTH, defaults.intermediateSize)
  const numHeads = fields.size('num_attention_heads', MAX_HEADS)
  const numKvHeads = fields.size('num_key_value_heads', MAX_HEADS, defaultKvHeads(fields, defaults) ?? numHeads)
  const headDim = fields.size('head_dim', MAX_WIDTH, defaults.headDim ?? hiddenSize / numHeads)
  checkMultiple(fields, 'hidden_size', hiddenSize)
  checkMultiple(fields, 'intermediate_size', intermediateSize)
  checkMultiple(fields, 'head_dim', headDim)
  if (headDim > MAX_HEAD_DIM) {
    throw new UnsupportedModel(`config.json: head_dim is ${headDim}; supported are up to ${MAX_HEAD_DIM}.`)
  }
  if (numHeads % numKvHeads !== 0) {
    throw new CorruptCheckpoint(
      `config.json: ${fields.nameOf('num_attention_heads')} ${numHeads} is not a multiple of num_key_value_heads ${numKvHeads}.`,
    )
  }
  const maxPositions = fields.size('max_position_embeddings', MAX_POSITIONS)
  const vocabSize = fields.size('vocab_size', MAX_VOCAB)
  const numLayers = fields.size('num_hidden_layers', MAX_LAYERS)
  return { vocabSize, hiddenSize, intermediateSize, numLayers, numHeads, numKvHeads, headDim, maxPositions }
}

function defaultKvHeads(fields: Fields, { numKvHeads }: LlamaVariation): number | undefined {
  return 'num_key_value_heads' in fields.json ? undefined : numKvHeads
}

function readActivation(
  fields: Fields,
  { activationField: name = 'hidden_act', activation = 'silu', activations = ACTIVATIONS }: LlamaVariation,
): Activation {
  const value = fields.read(name) ?? activation
  if (typeof value === 'string' && Object.hasOwn(activations, value)) return activations[value]
  const supported = Object.keys(activations).join(', ')
  throw new UnsupportedModel(`${fields.file}: ${fields.nameOf(name)} is ${brief(value)}; supported are ${supported}.`)
}

function checkMultiple({ file, nameOf }: Fields, name: string, value: number): void {
  if (value % WIDTH_MULTIPLE === 0) return
  throw new UnsupportedModel(`${file}: ${nameOf(name)} is ${value}; it must be a multiple of ${WIDTH_MULTIPLE}.`)
}
