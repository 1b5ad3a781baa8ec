import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { parseModelConfig } from '../../../src/loader/config/model-config'

const SIZES = {
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 512,
}

const parse = (architecture: string, fields: object = {}) =>
  parseModelConfig({ architectures: [`${architecture}ForCausalLM`], ...SIZES, ...fields })

/** Layers that have what `of` says, by index. */
const indices = <T>(layers: readonly T[], has: (layer: T) => boolean) =>
  layers.flatMap((layer, index) => (has(layer) ? [index] : []))

describe('where config.json is silent', () => {
  test('Gemma 2 has a window in every other layer, from the first on; heads of 256; a head that is the embedding', () => {
    const { layers, headDim, tieWordEmbeddings, activation, ...config } = parse('Gemma2', { sliding_window: 16 })
    expect(indices(layers, ({ window }) => window === 16)).toEqual([0, 2, 4, 6, 8, 10])
    expect({ headDim, tieWordEmbeddings, activation }).toEqual({
      headDim: 256,
      tieWordEmbeddings: true,
      activation: 'gelu-tanh',
    })
    expect(config).toMatchObject({ embeddingScale: 8, attentionScale: 1 / 16, attentionSoftcap: 50 })
  })

  test('Gemma 3 has one in five of six layers, which turn otherwise', () => {
    const { layers } = parse('Gemma3', { sliding_window: 16, rope_scaling: { rope_type: 'linear', factor: 8 } })
    expect(indices(layers, ({ window }) => window === undefined)).toEqual([5, 11])
    expect(layers[5].rope).toEqual({ dim: 256, theta: 1e6, scaling: { type: 'linear', factor: 8 } })
    expect(layers[0].rope).toEqual({ dim: 256, theta: 1e4, scaling: { type: 'default' } })
  })

  test('a window as long as the context turns as windows do', () => {
    const { layers } = parse('Gemma3', { sliding_window: 512 })
    expect(layers[0]).toMatchObject({ window: undefined, rope: { theta: 1e4 } })
  })

  test('SmolLM3 leaves every fourth layer unturned', () => {
    expect(indices(parse('SmolLM3').layers, ({ rope }) => rope === undefined)).toEqual([3, 7, 11])
    const { layers } = parse('SmolLM3', { no_rope_layer_interval: 6 })
    expect(indices(layers, ({ rope }) => rope === undefined)).toEqual([5, 11])
  })

  test('GPT-2 is four times as wide inside', () => {
    const sizes = { vocab_size: 300, n_embd: 64, n_layer: 2, n_head: 4, n_positions: 128 }
    const config = parseModelConfig({ architectures: ['GPT2LMHeadModel'], ...sizes })
    expect(config).toMatchObject({ hiddenSize: 64, intermediateSize: 256, maxPositions: 128, tieWordEmbeddings: true })
    expect(config).toMatchObject({ norm: 'layer', activation: 'gelu-tanh', isGated: false })
  })

  test('GPT-NeoX turns a quarter of each head, and computes attention and MLP side by side', () => {
    const { isParallel, layers } = parse('GPTNeoX')
    expect([isParallel, layers[0].rope?.dim]).toEqual([true, 4])
  })
})

test('Gemma 3 has both rotations in rope_parameters since transformers 5', () => {
  const { layers } = parse('Gemma3', {
    rope_parameters: {
      full_attention: { rope_type: 'linear', factor: 8, rope_theta: 5e5 },
      sliding_attention: { rope_type: 'default', rope_theta: 3e4 },
    },
    sliding_window: 16,
  })
  expect(layers[5].rope).toMatchObject({ theta: 5e5, scaling: { type: 'linear', factor: 8 } })
  expect(layers[0].rope).toMatchObject({ theta: 3e4, scaling: { type: 'default' } })
})

test('Granite divides logits by logits_scaling and multiplies at the other seams', () => {
  const multipliers = { embedding_multiplier: 12, attention_multiplier: 0.015625, residual_multiplier: 0.22 }
  expect(parse('Granite', { ...multipliers, logits_scaling: 8 })).toMatchObject({
    embeddingScale: 12,
    attentionScale: 0.015625,
    residualScale: 0.22,
    logitScale: 0.125,
  })
})

test('the factor of LongRoPE is that of the context to the original one, by both spellings of its name', () => {
  const factors = { short_factor: Array(8).fill(1), long_factor: Array(8).fill(2) }
  for (const type of ['su', 'longrope']) {
    const { layers } = parse('Phi3', { original_max_position_embeddings: 64, rope_scaling: { type, ...factors } })
    expect(layers[0].rope?.scaling).toMatchObject({
      type: 'longrope',
      originalMaxPositions: 64,
      attentionFactor: Math.sqrt(1 + Math.log(8) / Math.log(64)),
    })
  }
})

test.each<[string, object, string]>([
  ['Gemma3', { use_bidirectional_attention: true }, 'use_bidirectional_attention is true; only false is supported.'],
  ['Gemma2', { rope_scaling: { rope_type: 'dynamic', factor: 2 } }, 'rope_type is "dynamic"; supported are'],
  ['Qwen2', { use_mrope: true }, 'use_mrope is true; only false is supported.'],
  ['Qwen2', { attention_bias: true }, 'has the field attention_bias = true, whose meaning is not known here.'],
  ['Phi3', { lm_head_bias: true }, 'lm_head_bias is true; only false is supported.'],
  ['Olmo2', { clip_qkv: 8 }, 'has the field clip_qkv = 8, whose meaning is not known here.'],
  ['Llama', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor is 0.5; only 1 is supported.'],
])('%s with %j is unsupported', (architecture, fields, message) => {
  expect(() => parse(architecture, fields)).toThrow(UnsupportedModel)
  expect(() => parse(architecture, fields)).toThrow(message)
})

test.each([
  [[[['global'], -1]]],
  [[[['global'], 1e300]]],
  [[[[], 1e300]]],
  [[[['global', 'local'], 1.5]]],
  [Array(1000).fill([Array(1000).fill('global'), 500])],
  [[[Array(1000).fill('global'), 1]]],
  [{}],
  ['global'],
])('kinds of GPT-Neo’s layers that are none are an error, soon: %#', types => {
  const sizes = { vocab_size: 300, hidden_size: 64, num_layers: 2, num_heads: 4, max_position_embeddings: 512 }
  const parse = () => parseModelConfig({ architectures: ['GPTNeoForCausalLM'], ...sizes, attention_types: types })
  expect(parse).toThrow(CorruptCheckpoint)
  expect(parse).toThrow('a list of "global" or "local" for each of 2 layers')
})

test.each<[string, object, string]>([
  ['SmolLM3', { no_rope_layers: [1, 0] }, 'no_rope_layers is [1,0], but must be a list of 0 or 1 for every layer.'],
  ['GPTNeoX', { rotary_pct: 0.2 }, '0.2 of the 16 dims of a head turn, which are not pairs of them.'],
  [
    'HunYuanDenseV1',
    { rope_parameters: { type: 'dynamic', alpha: 1000 }, rope_scaling: { type: 'linear', factor: 2 } },
    'has both rope_scaling and rope_parameters; only one can hold.',
  ],
  [
    'Ministral3',
    { rope_parameters: { rope_type: 'default' }, rope_scaling: { type: 'linear', factor: 2 } },
    'has both rope_scaling and rope_parameters; only one can hold.',
  ],
  ['Ministral3', {}, 'rope_parameters is undefined, but must be an object.'],
  ['Granite', { logits_scaling: 0 }, 'logits_scaling is 0, but must be a number other than 0.'],
  ['Gemma2', { final_logit_softcapping: -3 }, 'final_logit_softcapping is -3, but must be a positive number.'],
  [
    'Phi3',
    { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } },
    'rope_scaling: short_factor is [1], but must be a list of 8 positive numbers.',
  ],
])('%s with %j is corrupt', (architecture, fields, message) => {
  expect(() => parse(architecture, fields)).toThrow(CorruptCheckpoint)
  expect(() => parse(architecture, fields)).toThrow(message)
})
