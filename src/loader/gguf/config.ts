import { Fields } from '../fields'
import type { JsonObject } from '../json'
import { briefValue, type Metadata } from './metadata'
import type { GgufModel } from './model'
import { ropeScaling } from './rope-scaling'

/** Published models have 32 to 256; a head of q or k is held whole. */
const MAX_HEAD_DIM = 2 ** 12

/** Sizes are u32 in the format; limits that a model must keep are those of config.json. */
const MAX_SIZE = 2 ** 32 - 1

/** Fields that do not change what a Llama computes. */
const IRRELEVANT: ReadonlySet<string> = new Set([
  'llama.tensor_data_layout',
  'llama.rope.scaling.original_context_length',
  'llama.rope.scaling.finetuned',
])

/** All of them end a generation of Llama 3, by its generation_config.json; files name one. */
const LLAMA_3_ENDS = ['<|end_of_text|>', '<|eom_id|>', '<|eot_id|>']

/** The fields that describe a Llama, for typed access. */
export function llamaFields({ file, values }: Metadata): Fields {
  const own = [...values].filter(([key]) => key.startsWith('llama.'))
  // no field that we know is a list; its length is enough for an error
  const json = own.map(([key, value]) => [key, typeof value === 'object' ? briefValue(value) : value])
  return new Fields(Object.fromEntries(json), file)
}

/** Elements of an attention head. */
export function readHeadDim(fields: Fields): number {
  const numHeads = fields.size('llama.attention.head_count', MAX_SIZE)
  const hiddenSize = fields.size('llama.embedding_length', MAX_SIZE)
  return fields.size('llama.attention.key_length', MAX_HEAD_DIM, hiddenSize / numHeads)
}

/**
 * What the model's config.json would say, in Hugging Face's names. `ropeFactors` [headDim / 2] are those of the file,
 * if it has any. As there, a field that is neither understood nor known to be irrelevant is `UnsupportedModel`.
 */
export function ggufConfig({ metadata, tensors }: GgufModel, ropeFactors: Float32Array | undefined): JsonObject {
  const fields = llamaFields(metadata)
  const headDim = readHeadDim(fields)
  const numTokens = metadata.texts('tokenizer.ggml.tokens').length
  const window = fields.read('llama.attention.sliding_window')
  for (const name of ['llama.attention.value_length', 'llama.rope.dimension_count']) fields.only(name, headDim)
  for (const name of ['llama.expert_count', 'llama.expert_used_count']) fields.only(name, 0)
  fields.only('llama.attention.causal', true)
  const vocabSize = fields.size('llama.vocab_size', MAX_SIZE, numTokens)
  if (vocabSize < numTokens) {
    throw fields.wrong('llama.vocab_size', vocabSize, `at least ${numTokens}, the number of the tokenizer's tokens`)
  }
  const has = (name: string) => tensors.has(name)
  const theta = fields.positive('llama.rope.freq_base', 10_000)
  const config = {
    architectures: ['LlamaForCausalLM'],
    vocab_size: vocabSize,
    hidden_size: fields.size('llama.embedding_length', MAX_SIZE),
    intermediate_size: fields.size('llama.feed_forward_length', MAX_SIZE),
    num_hidden_layers: fields.size('llama.block_count', MAX_SIZE),
    num_attention_heads: fields.size('llama.attention.head_count', MAX_SIZE),
    num_key_value_heads: fields.read('llama.attention.head_count_kv'),
    head_dim: headDim,
    max_position_embeddings: fields.size('llama.context_length', MAX_SIZE),
    rms_norm_eps: fields.positive('llama.attention.layer_norm_rms_epsilon'),
    rope_theta: theta,
    rope_scaling: ropeScaling(fields, theta, headDim, ropeFactors),
    // 0 stands for none
    sliding_window: window === 0 ? undefined : window,
    tie_word_embeddings: !has('output.weight'),
    attention_bias: has('blk.0.attn_q.bias'),
    mlp_bias: has('blk.0.ffn_gate.bias'),
    ...tokenIds(metadata),
  }
  fields.refuseUnread(IRRELEVANT)
  return config
}

/** The ends of a text, of a turn and of a message all end a generation. */
function tokenIds(metadata: Metadata) {
  const tokens = metadata.texts('tokenizer.ggml.tokens')
  const id = (role: string) => metadata.count(`tokenizer.ggml.${role}_token_id`, tokens.length - 1)
  const ends = [...['eos', 'eot', 'eom'].map(id), ...LLAMA_3_ENDS.map(token => tokens.indexOf(token))]
  return { bos_token_id: id('bos'), eos_token_id: [...new Set(ends)].filter(end => end !== undefined && end >= 0) }
}
