import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import type { GgufDescription } from '../architectures/architecture'
import { Fields } from '../config/fields'
import { architectureOf } from './architecture'
import { briefValue, type Metadata, type MetadataValue, type NumberList } from './metadata'
import type { GgufModel } from './model'
import { roleId } from './role-id'
import { type RopeFactors, ropeScaling } from './rope-scaling'

/** Largest head: published models have 32 to 256, and a head of q or k is held whole. */
const MAX_HEAD_DIM = 2 ** 12

/** Largest size, a u32 as the format has them; the limits of a model are those of config.json. */
const MAX_SIZE = 2 ** 32 - 1

/** Fields that do not change what a model computes, or only together with others that are read. */
const IRRELEVANT = ['tensor_data_layout', 'rope.scaling.original_context_length', 'rope.scaling.finetuned']

/**
 * Tokens that end a text, a turn or a message in Llama 3, Qwen, Phi-3, Gemma, DeepSeek and others, by their
 * generation_config.json. GGUF files name one of them, often not that of a turn.
 */
const ENDS = [
  ...['<|end_of_text|>', '<|eom_id|>', '<|eot_id|>'],
  ...['<|endoftext|>', '<|im_end|>', '<|end|>', '<end_of_turn>'],
  ...['<EOT>', '<end_of_utterance>', '<\uff5cend\u2581of\u2581sentence\uff5c>'],
]

/** The fields that describe a model, for typed access by their names without the architecture's. */
export function ggufFields(metadata: Metadata, architecture: string): Fields {
  const { file, values } = metadata
  const prefix = `${architecture}.`
  const own = [...values].filter(([key]) => key.startsWith(prefix))
  const ofEachLayer = EACH_LAYER.map(name => prefix + name)
  const json = own.map(([key, value]) => {
    if (typeof value !== 'object') return [key, value]
    if (ofEachLayer.includes(key)) return [key, uniform(metadata, key, value, values.get(`${prefix}block_count`))]
    // other fields that are lists are read otherwise; of them their length is enough for an error
    return [key, briefValue(value)]
  })
  return new Fields(Object.fromEntries(json), file, name => prefix + name)
}

/** Fields that may be a list with a number for each layer. */
const EACH_LAYER = ['attention.head_count', 'attention.head_count_kv', 'feed_forward_length']

/** The number that a list has for all layers. */
function uniform(
  { file }: Metadata,
  key: string,
  list: NumberList | readonly string[],
  numLayers: MetadataValue | undefined,
) {
  if (list.length !== numLayers) {
    throw new CorruptCheckpoint(`${file}: ${key} is ${briefValue(list)}, for ${briefValue(numLayers)} layers.`)
  }
  const differs = list.findIndex(value => value !== list[0])
  if (differs < 0) return list[0]
  throw new UnsupportedModel(
    `${file}: ${key} is ${list[0]} for layer 0 and ${list[differs]} for layer ${differs}; all layers must be alike.`,
  )
}

/** Elements of an attention head that turn. */
export function readRotaryDim(fields: Fields): number {
  const numHeads = fields.size('attention.head_count', MAX_SIZE)
  const hiddenSize = fields.size('embedding_length', MAX_SIZE)
  const headDim = fields.size('attention.key_length', MAX_HEAD_DIM, hiddenSize / numHeads)
  return fields.size('rope.dimension_count', headDim, headDim)
}

/**
 * A model's config.json, made of its GGUF metadata, in Hugging Face's names for its architecture. `factors` are those of the
 * file, if it has any.
 * @throws UnsupportedModel for a field that is neither understood nor known to be irrelevant
 */
export function ggufConfig({ metadata, tensors }: GgufModel, factors: RopeFactors): JsonObject {
  const { names, gguf, aliases = {} } = architectureOf(metadata)
  const fields = ggufFields(metadata, gguf.name)
  const hiddenSize = fields.size('embedding_length', MAX_SIZE)
  const numLayers = fields.size('block_count', MAX_SIZE)
  const numHeads = fields.size('attention.head_count', MAX_SIZE)
  const headDim = fields.size('attention.key_length', MAX_HEAD_DIM, hiddenSize / numHeads)
  const hasTensor = (name: string) => tensors.has(name)
  const perLayer = (name: string) => {
    if (fields.read(name) === undefined) return undefined
    return metadata.numbers(fields.nameOf(name), numLayers)
  }
  const model: GgufDescription = { fields, hiddenSize, numLayers, numHeads, headDim, hasTensor, perLayer }
  fields.only('attention.value_length', headDim)
  if (!gguf.turnsPart) fields.only('rope.dimension_count', headDim)
  for (const name of ['expert_count', 'expert_used_count']) fields.only(name, 0)
  fields.only('attention.causal', true)
  const window = fields.read('attention.sliding_window')
  const theta = fields.positive('rope.freq_base', 10_000)
  const rotaryDim = readRotaryDim(fields)
  const normEps = fields.read('attention.layer_norm_rms_epsilon') ?? fields.read('attention.layer_norm_epsilon')
  if (normEps === undefined) throw fields.wrong('attention.layer_norm_rms_epsilon', normEps, 'a positive number')
  const config = {
    architectures: [names[0]],
    vocab_size: readVocabSize(metadata, fields),
    hidden_size: hiddenSize,
    intermediate_size: fields.size('feed_forward_length', MAX_SIZE),
    num_hidden_layers: numLayers,
    num_attention_heads: numHeads,
    num_key_value_heads: fields.read('attention.head_count_kv'),
    head_dim: headDim,
    max_position_embeddings: fields.size('context_length', MAX_SIZE),
    rms_norm_eps: normEps,
    rope_theta: theta,
    partial_rotary_factor: rotaryDim / headDim,
    rope_scaling: ropeScaling(fields, { theta, rotaryDim, factors }),
    // 0 stands for none
    sliding_window: window === 0 ? null : window,
    tie_word_embeddings: !hasTensor('output.weight'),
    ...tokenIds(metadata),
    ...gguf.config?.(model),
  }
  fields.refuseUnread(new Set(IRRELEVANT.map(fields.nameOf)))
  const given = Object.entries(config).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [aliases[name] ?? name, value]))
}

function readVocabSize(metadata: Metadata, fields: Fields): number {
  const numTokens = metadata.texts('tokenizer.ggml.tokens').length
  const vocabSize = fields.size('vocab_size', MAX_SIZE, numTokens)
  if (vocabSize >= numTokens) return vocabSize
  throw fields.wrong('vocab_size', vocabSize, `at least ${numTokens}, the number of the tokenizer's tokens`)
}

/** Fields of special tokens; the ends of a text, of a turn and of a message all end a generation. */
function tokenIds(metadata: Metadata) {
  const tokens = metadata.texts('tokenizer.ggml.tokens')
  const id = (role: string) => metadata.count(`tokenizer.ggml.${role}_token_id`, tokens.length - 1)
  const named = [roleId(metadata, 'eos'), ...['eot', 'eom'].map(id)]
  const ends = [...named, ...ENDS.map(token => tokens.indexOf(token))]
  return {
    bos_token_id: roleId(metadata, 'bos'),
    eos_token_id: [...new Set(ends)].filter(end => end !== undefined && end >= 0),
  }
}
