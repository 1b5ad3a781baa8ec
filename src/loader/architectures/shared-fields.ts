/** Fields of rotary positions: which share of a head turns, and how. */
export const ROPE_FIELDS = [
  ...['rope_theta', 'rope_scaling', 'rope_parameters', 'partial_rotary_factor'],
  'original_max_position_embeddings',
]

/** Fields of a Llama, which most architectures have. */
export const LLAMA_FIELDS = [
  ...['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'max_position_embeddings'],
  ...['num_attention_heads', 'num_key_value_heads', 'head_dim'],
  ...['hidden_act', 'rms_norm_eps', 'tie_word_embeddings'],
  ...ROPE_FIELDS,
]

/** Fields of sliding windows: which layers have one, and how long. */
export const WINDOW_FIELDS = [
  ...['sliding_window', 'use_sliding_window', 'layer_types', 'max_window_layers'],
  ...['sliding_window_pattern', '_sliding_window_pattern'],
]

/**
 * Fields that shared readers ask for. One that an architecture does not name among those it reads is absent for it, as for
 * its class in transformers, whatever stands there: a Llama has no window.
 */
export const SHARED_FIELDS: readonly string[] = [...LLAMA_FIELDS, ...WINDOW_FIELDS]
