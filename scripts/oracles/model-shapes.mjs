// Shapes of models, as their config.json: for seeded weights, for benchmarks of kernels, and for tests of sizes.

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  attention_bias: false,
  mlp_bias: false,
  rope_scaling: null,
  bos_token_id: 256,
  eos_token_id: 257,
}

/** Not published: six million parameters, small enough to compare engines on a software GPU. */
const sixMillion = {
  ...llama,
  vocab_size: 4096,
  hidden_size: 256,
  intermediate_size: 768,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 64,
  rope_theta: 10000,
  tie_word_embeddings: true,
}

const smollm2 = {
  ...llama,
  vocab_size: 49152,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  max_position_embeddings: 8192,
  rope_theta: 100000,
  tie_word_embeddings: true,
}

/** The published config.json of each model that has been published, but for the special tokens, which are those of the seeded tokenizer. */
export const SHAPES = {
  'peers-6m': { ...sixMillion, max_position_embeddings: 2048 },
  // room for the papers' longest prefix
  'bench-6m': { ...sixMillion, max_position_embeddings: 32768 },
  // as many layers and heads as SmolLM2-135M, nearly without weights: for what the CPU does about a step
  'bench-thin': { ...smollm2, vocab_size: 4096, hidden_size: 64, intermediate_size: 64 },
  // long contexts on a GPU that is none
  'bench-long': {
    ...smollm2,
    vocab_size: 4096,
    hidden_size: 48,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 3,
    num_key_value_heads: 3,
    head_dim: 16,
  },
  // the proportions of Llama-3.2-1B, in which matrices outweigh attention, at a size that a CPU can compute
  'bench-wide': {
    ...llama,
    vocab_size: 4096,
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 2,
    num_attention_heads: 8,
    num_key_value_heads: 2,
    head_dim: 64,
    max_position_embeddings: 32768,
    rope_theta: 10000,
    tie_word_embeddings: true,
  },
  'smollm2-135m': smollm2,
  'smollm2-360m': {
    ...smollm2,
    hidden_size: 960,
    intermediate_size: 2560,
    num_hidden_layers: 32,
    num_attention_heads: 15,
    num_key_value_heads: 5,
  },
  'qwen2.5-0.5b': {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    hidden_act: 'silu',
    rms_norm_eps: 1e-6,
    vocab_size: 151936,
    hidden_size: 896,
    intermediate_size: 4864,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    head_dim: 64,
    max_position_embeddings: 32768,
    rope_theta: 1000000,
    tie_word_embeddings: true,
    bos_token_id: 256,
    eos_token_id: 257,
  },
  'llama-3.2-1b': {
    ...llama,
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
    max_position_embeddings: 131072,
    rope_theta: 500000,
    rope_scaling: {
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
    tie_word_embeddings: true,
  },
}
