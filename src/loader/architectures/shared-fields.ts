/** The share of a head that turns, and how. */
export const ROPE_FIELDS = [
  ...['rope_theta', 'rope_scaling', 'rope_parameters', 'partial_rotary_factor'],
  'original_max_position_embeddings',
]

/** What a Llama has, and most others. */
export const LLAMA_FIELDS = [
  ...['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'max_position_embeddings'],
  ...['num_attention_heads', 'num_key_value_heads', 'head_dim'],
  ...['hidden_act', 'rms_norm_eps', 'tie_word_embeddings'],
  ...ROPE_FIELDS,
]

/** Which layers have a sliding window, and how long. */
export const WINDOW_FIELDS = [
  ...['sliding_window', 'use_sliding_window', 'layer_types', 'max_window_layers'],
  ...['sliding_window_pattern', '_sliding_window_pattern'],
]

/**
 * What the readers that architectures share ask for. An architecture that does not name one of these does not read it, as
 * its class in transformers does not, whatever stands there: a Llama has no window.
 */
export const SHARED_FIELDS: readonly string[] = [...LLAMA_FIELDS, ...WINDOW_FIELDS]
