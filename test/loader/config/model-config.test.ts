import { expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import type { JsonObject } from '../../../src/core/json'
import { LLAMA_TENSORS } from '../../../src/loader/architectures/llama-like'
import { parseModelConfig } from '../../../src/loader/config/model-config'

/** HuggingFaceTB/SmolLM2-135M-Instruct, every field. */
const SMOLLM2 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 576,
  initializer_range: 0.041666666666666664,
  intermediate_size: 1536,
  is_llama_config: true,
  max_position_embeddings: 8192,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  pad_token_id: 2,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_interleaved: false,
  rope_scaling: null,
  rope_theta: 100000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  'transformers.js_config': { kv_cache_dtype: { fp16: 'float16', q4f16: 'float16' } },
  transformers_version: '4.42.3',
  use_cache: true,
  vocab_size: 49152,
}

/** meta-llama/Llama-3.2-1B-Instruct. */
const LLAMA3 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
  head_dim: 64,
  hidden_act: 'silu',
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 8192,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: 'llama',
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32.0,
    high_freq_factor: 4.0,
    low_freq_factor: 1.0,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3',
  },
  rope_theta: 500000.0,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  transformers_version: '4.45.0.dev0',
  use_cache: true,
  vocab_size: 128256,
}

/** TinyLlama/TinyLlama-1.1B-Chat-v1.0. */
const TINYLLAMA = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 2048,
  initializer_range: 0.02,
  intermediate_size: 5632,
  max_position_embeddings: 2048,
  model_type: 'llama',
  num_attention_heads: 32,
  num_hidden_layers: 22,
  num_key_value_heads: 4,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 10000.0,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  transformers_version: '4.35.0',
  use_cache: true,
  vocab_size: 32000,
}

/** mistralai/Mistral-7B-Instruct-v0.3. */
const MISTRAL = {
  architectures: ['MistralForCausalLM'],
  attention_dropout: 0.0,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 4096,
  initializer_range: 0.02,
  intermediate_size: 14336,
  max_position_embeddings: 32768,
  model_type: 'mistral',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 1000000.0,
  sliding_window: null,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  transformers_version: '4.42.0.dev0',
  use_cache: true,
  vocab_size: 32768,
}

test('SmolLM2', () => {
  expect(parseModelConfig(SMOLLM2)).toEqual({
    architecture: 'LlamaForCausalLM',
    leavesOut: undefined,
    vocabSize: 49152,
    hiddenSize: 576,
    intermediateSize: 1536,
    numLayers: 30,
    numHeads: 9,
    numKvHeads: 3,
    headDim: 64,
    maxPositions: 8192,
    layers: Array(30).fill({
      rope: { dim: 64, theta: 100000, scaling: { type: 'default' } },
      window: undefined,
    }),
    norm: 'rms',
    normEps: 1e-5,
    qkNorm: undefined,
    isParallel: false,
    activation: 'silu',
    isGated: true,
    qkvBias: false,
    outputBias: false,
    mlpBias: false,
    headBias: false,
    tieWordEmbeddings: true,
    embeddingScale: 1,
    attentionScale: 1 / 8,
    queryGrowth: undefined,
    residualScale: 1,
    logitScale: 1,
    attentionSoftcap: undefined,
    logitSoftcap: undefined,
    tensors: LLAMA_TENSORS,
    bosTokenId: 1,
    eosTokenIds: [2],
  })
})

test('Llama 3.2', () => {
  const { layers, ...config } = parseModelConfig(LLAMA3)
  expect(config).toMatchObject({ headDim: 64, eosTokenIds: [128001, 128008, 128009] })
  const scaling = { type: 'llama3', factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 }
  expect(layers[0].rope).toEqual({ dim: 64, theta: 500000, scaling })
})

test('TinyLlama and Mistral v0.3', () => {
  expect(parseModelConfig(TINYLLAMA)).toMatchObject({ headDim: 64, numKvHeads: 4, tieWordEmbeddings: false })
  expect(parseModelConfig(MISTRAL)).toMatchObject({ architecture: 'MistralForCausalLM', headDim: 128 })
})

test('generation_config.json decides what ends a generation; config.json if it does not say', () => {
  expect(parseModelConfig(SMOLLM2, { eos_token_id: [7, 9] }).eosTokenIds).toEqual([7, 9])
  expect(parseModelConfig(SMOLLM2, { eos_token_id: 7 }).eosTokenIds).toEqual([7])
  expect(parseModelConfig(SMOLLM2, { temperature: 1 }).eosTokenIds).toEqual([2])
  expect(parseModelConfig({ ...SMOLLM2, eos_token_id: null, bos_token_id: null })).toMatchObject({
    eosTokenIds: [],
    bosTokenId: undefined,
  })
})

test("absent fields have transformers' defaults", () => {
  const { num_key_value_heads: _, rope_theta: __, rms_norm_eps: ___, ...rest } = TINYLLAMA
  expect(parseModelConfig(rest)).toMatchObject({ numKvHeads: 32, normEps: 1e-6 })
  expect(parseModelConfig(rest).layers[0].rope?.theta).toBe(10000)
})

test('the settings of rotary positions are read in all three spellings', () => {
  const rope = (fields: object) => {
    const { rope_theta: _, rope_scaling: __, ...rest } = LLAMA3
    return parseModelConfig({ ...rest, ...fields }).layers[0].rope
  }
  const scaling = { type: 'linear', factor: 4 }
  const expected = { dim: 64, theta: 5, scaling }
  expect(rope({ rope_theta: 5, rope_scaling: { type: 'linear', factor: 4 } })).toEqual(expected)
  expect(rope({ rope_theta: 5, rope_scaling: { rope_type: 'linear', factor: 4 } })).toEqual(expected)
  expect(rope({ rope_parameters: { rope_type: 'linear', factor: 4, rope_theta: 5 } })).toEqual(expected)
  expect(rope({ rope_parameters: { rope_type: 'default', rope_theta: 5 } })?.scaling).toEqual({ type: 'default' })
})

test('a sliding window as long as the context never acts', () => {
  expect(windowsOf({ ...MISTRAL, sliding_window: 32768 })).toEqual(Array(32).fill(undefined))
})

test('Mistral has one in every layer, 4096 tokens where nothing is said', () => {
  expect(windowsOf({ ...MISTRAL, sliding_window: 1024 })).toEqual(Array(32).fill(1024))
  const { sliding_window: _, ...rest } = MISTRAL
  expect(windowsOf(rest)).toEqual(Array(32).fill(4096))
})

test('Qwen has one in its upper layers, if it uses any', () => {
  const qwen = { ...TINYLLAMA, architectures: ['Qwen2ForCausalLM'], sliding_window: 1024, max_window_layers: 20 }
  const { attention_bias: _, ...config } = qwen
  expect(windowsOf({ ...config, use_sliding_window: false })).toEqual(Array(22).fill(undefined))
  expect(windowsOf({ ...config, use_sliding_window: true })).toEqual([...Array(20).fill(undefined), 1024, 1024])
})

test('layer_types say which layers have one', () => {
  const types = Array.from({ length: 32 }, (_, layer) => (layer % 4 === 3 ? 'full_attention' : 'sliding_attention'))
  const gemma = { ...MISTRAL, architectures: ['Gemma2ForCausalLM'], sliding_window: 16, layer_types: types }
  expect(windowsOf(gemma).slice(0, 5)).toEqual([16, 16, 16, undefined, 16])
})

/** An architecture that reads what a Llama does, and which layers have a window. */
const SMOLLM3 = { architectures: ['SmolLM3ForCausalLM'] }

const windowsOf = (config: JsonObject) => parseModelConfig(config).layers.map(({ window }) => window)

test.each<[object, string]>([
  [
    { architectures: ['OtherForCausalLM'] },
    'architectures is ["OtherForCausalLM"]; supported are LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, ',
  ],
  [{ architectures: undefined }, 'architectures is undefined'],
  [{ hidden_act: 'relu' }, 'hidden_act is "relu"; supported are silu, swish, gelu, gelu_new, '],
  [{ pretraining_tp: 2 }, 'pretraining_tp is 2; only 1 is supported.'],
  [{ rope_interleaved: true }, 'rope_interleaved is true; only false is supported.'],
  [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor is 0.5; only 1 is supported.'],
  [
    { ...SMOLLM3, layer_types: ['chunked_attention'] },
    'layer_types is ["chunked_attention"]; supported are full_attention, sliding',
  ],
  [
    { rope_scaling: { rope_type: 'dynamic', factor: 4 } },
    'rope_scaling: rope_type is "dynamic"; supported are default, linear, llama3, yarn, longrope.',
  ],
  [
    { rope_scaling: { type: 'linear', factor: 4, mscale: 2 } },
    'rope_scaling has the field mscale = 2, whose meaning is not known here.',
  ],
  [{ logit_scale: 0.0625 }, 'config.json has the field logit_scale = 0.0625, whose meaning is not known here.'],
  [{ auto_map: { AutoModel: 'x.py' } }, 'config.json has the field auto_map = {"AutoModel":"x.py"}'],
  [{ hidden_size: 580, head_dim: 64 }, 'hidden_size is 580; it must be a multiple of 8.'],
  [{ intermediate_size: 1537 }, 'intermediate_size is 1537; it must be a multiple of 8.'],
  [{ head_dim: 60 }, 'head_dim is 60; it must be a multiple of 8.'],
  [{ head_dim: 1000 }, 'head_dim is 1000; supported are up to 512.'],
  [
    { ...SMOLLM3, use_sliding_window: true, sliding_window: 8 },
    'sliding_window is 8; supported are windows of 16 tokens, a block of the KV cache, and more.',
  ],
])('%j is unsupported', (fields, message) => {
  expect(() => parseModelConfig({ ...SMOLLM2, ...fields })).toThrow(UnsupportedModel)
  expect(() => parseModelConfig({ ...SMOLLM2, ...fields })).toThrow(message)
})

test.each<[object, string]>([
  [{ hidden_size: '576' }, 'config.json: hidden_size is "576", but must be a whole number from 1 to 1048576.'],
  [{ hidden_size: 0 }, 'config.json: hidden_size is 0, but must be'],
  [{ vocab_size: 1e12 }, 'config.json: vocab_size is 1000000000000, but must be a whole number from 1 to 4194304.'],
  [{ num_hidden_layers: undefined }, 'config.json: num_hidden_layers is undefined, but must be'],
  [{ num_attention_heads: 7 }, 'config.json: head_dim is 82.28571428571429, but must be'],
  [{ num_key_value_heads: 2 }, 'config.json: num_attention_heads 9 is not a multiple of num_key_value_heads 2.'],
  [{ rms_norm_eps: -1 }, 'config.json: rms_norm_eps is -1, but must be a positive number.'],
  [{ tie_word_embeddings: 'yes' }, 'config.json: tie_word_embeddings is "yes", but must be true or false.'],
  [{ eos_token_id: [-1] }, 'config.json: eos_token_id is [-1], but must be a token id or a list of them.'],
  [{ ...SMOLLM3, layer_types: ['full_attention'] }, 'config.json: layer_types has 1 entries for 30 layers.'],
  [
    { ...SMOLLM3, use_sliding_window: true, layer_types: Array(30).fill('sliding_attention') },
    'config.json: sliding_window is undefined, but must be given for the layers of "sliding_attention".',
  ],
  [{ ...SMOLLM3, sliding_window: '8' }, 'config.json: sliding_window is "8", but must be a whole number from 1 to'],
  [{ rope_scaling: 4 }, 'config.json: rope_scaling is 4, but must be an object.'],
  [
    { rope_scaling: { type: 'linear' } },
    'config.json: rope_scaling: factor is undefined, but must be a positive number.',
  ],
  [{ rope_scaling: { type: 'linear', rope_type: 'llama3' } }, 'rope_type is "llama3", but type is "linear".'],
  [{ rope_scaling: { type: 'linear', factor: 2 }, rope_parameters: {} }, 'both rope_scaling and rope_parameters'],
  [
    { rope_scaling: { ...LLAMA3.rope_scaling, high_freq_factor: 1 } },
    'rope_scaling: high_freq_factor is 1, but must be above low_freq_factor 1.',
  ],
])('%j is corrupt', (fields, message) => {
  expect(() => parseModelConfig({ ...SMOLLM2, ...fields })).toThrow(CorruptCheckpoint)
  expect(() => parseModelConfig({ ...SMOLLM2, ...fields })).toThrow(message)
})
