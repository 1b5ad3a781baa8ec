import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { architectureOf } from './architecture'
import type { GgufModel } from './model'

/** Fields of a Llama's config.json → their names in GGUF, without the architecture before them. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  vocab_size: 'vocab_size',
  hidden_size: 'embedding_length',
  intermediate_size: 'feed_forward_length',
  num_hidden_layers: 'block_count',
  num_attention_heads: 'attention.head_count',
  num_key_value_heads: 'attention.head_count_kv',
  head_dim: 'attention.key_length',
  max_position_embeddings: 'context_length',
  rms_norm_eps: 'attention.layer_norm_rms_epsilon',
  rope_theta: 'rope.freq_base',
  sliding_window: 'attention.sliding_window',
}

/** The error, if it is about the config.json that a GGUF file was translated into, in the words of the file. */
export function inGgufTerms(error: unknown, { metadata }: GgufModel): unknown {
  if (!(error instanceof UnsupportedModel || error instanceof CorruptCheckpoint)) return error
  const { gguf, aliases = {} } = architectureOf(metadata)
  const own = new Map(Object.entries(FIELD_NAMES).map(([field, ggufName]) => [aliases[field] ?? field, ggufName]))
  const message = error.message
    .replaceAll('config.json', metadata.file)
    .replace(/\b\w+\b/g, word => (own.has(word) ? `${gguf.name}.${own.get(word)}` : word))
  const options = { cause: error }
  return error instanceof UnsupportedModel
    ? new UnsupportedModel(message, options)
    : new CorruptCheckpoint(message, options)
}
