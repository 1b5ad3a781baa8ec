import type { JsonObject } from '../../../src/core/json'

/**
 * Small models that are used much and are in no other of these files: the fields of their config.json that count. From memory; the sum of
 * weights that follows is held to the one that each model's card says (known-models.test.ts).
 */
export const USED: Readonly<Record<string, JsonObject>> = {
  'HuggingFaceTB/SmolLM2-135M-Instruct': llama(49_152, 576, 1536, 30, 9, 3, 8192, { rope_theta: 100_000 }),
  'HuggingFaceTB/SmolLM2-360M-Instruct': llama(49_152, 960, 2560, 32, 15, 5, 8192, { rope_theta: 100_000 }),
  'TinyLlama/TinyLlama-1.1B-Chat-v1.0': llama(32_000, 2048, 5632, 22, 32, 4, 2048, {
    ...{ rope_theta: 10_000, tie_word_embeddings: false },
  }),
  'meta-llama/Llama-3.2-1B-Instruct': llama(128_256, 2048, 8192, 16, 32, 8, 131_072, llama3(64)),
  'Qwen/Qwen2.5-1.5B-Instruct': {
    ...sizes(151_936, 1536, 8960, 28, 12, 2, 32_768),
    ...{ architectures: ['Qwen2ForCausalLM'], rms_norm_eps: 1e-6, rope_theta: 1_000_000, tie_word_embeddings: true },
    ...{ max_window_layers: 21, sliding_window: 32_768, use_sliding_window: false },
  },
  'HuggingFaceTB/SmolLM2-1.7B-Instruct': llama(49_152, 2048, 8192, 24, 32, 32, 8192, { rope_theta: 130_000 }),
  'Qwen/Qwen3-1.7B': qwen3(2048, 6144, 28, 16, 40_960, 1_000_000),
  'meta-llama/Llama-3.2-3B-Instruct': llama(128_256, 3072, 8192, 28, 24, 8, 131_072, llama3(128)),
  'Qwen/Qwen3-4B-Instruct-2507': qwen3(2560, 9728, 36, 32, 262_144, 5_000_000),
}

/** Weights that the models' cards say, in millions; those of TinyLlama and Llama by their files. */
export const CARD_MILLIONS: Readonly<Record<string, number>> = {
  'HuggingFaceTB/SmolLM2-135M-Instruct': 134.5,
  'HuggingFaceTB/SmolLM2-360M-Instruct': 361.8,
  'TinyLlama/TinyLlama-1.1B-Chat-v1.0': 1100.0,
  'meta-llama/Llama-3.2-1B-Instruct': 1235.8,
  'Qwen/Qwen2.5-1.5B-Instruct': 1543.7,
  'HuggingFaceTB/SmolLM2-1.7B-Instruct': 1711.4,
  'Qwen/Qwen3-1.7B': 1720.6,
  'meta-llama/Llama-3.2-3B-Instruct': 3212.7,
  'Qwen/Qwen3-4B-Instruct-2507': 4022.5,
}

function sizes(vocab: number, hidden: number, ffn: number, layers: number, heads: number, kv: number, length: number) {
  return {
    ...{ vocab_size: vocab, hidden_size: hidden, intermediate_size: ffn, num_hidden_layers: layers },
    ...{ num_attention_heads: heads, num_key_value_heads: kv, max_position_embeddings: length, hidden_act: 'silu' },
  }
}

function llama(...args: [...Parameters<typeof sizes>, JsonObject]): JsonObject {
  const fields = args[7]
  const [vocab, hidden, ffn, layers, heads, kv, length] = args
  return {
    architectures: ['LlamaForCausalLM'],
    ...sizes(vocab, hidden, ffn, layers, heads, kv, length),
    ...{ attention_bias: false, mlp_bias: false, rms_norm_eps: 1e-5, tie_word_embeddings: true, ...fields },
  }
}

function llama3(headDim: number): JsonObject {
  const rope_scaling = {
    ...{ factor: 32.0, high_freq_factor: 4.0, low_freq_factor: 1.0, original_max_position_embeddings: 8192 },
    rope_type: 'llama3',
  }
  return { head_dim: headDim, rope_scaling, rope_theta: 500_000 }
}

function qwen3(hidden: number, ffn: number, layers: number, heads: number, length: number, theta: number): JsonObject {
  return {
    architectures: ['Qwen3ForCausalLM'],
    ...sizes(151_936, hidden, ffn, layers, heads, 8, length),
    ...{ attention_bias: false, head_dim: 128, max_window_layers: layers, rms_norm_eps: 1e-6, rope_scaling: null },
    ...{ rope_theta: theta, sliding_window: null, tie_word_embeddings: true, use_sliding_window: false },
  }
}
