import { describe, expect, test, vi } from 'vitest'
import { UnsupportedModel } from '../../../src/core/errors'
import type { JsonObject } from '../../../src/core/json'
import { findArchitecture } from '../../../src/loader/architectures'
import { Fields } from '../../../src/loader/config/fields'
import { parseModelConfig } from '../../../src/loader/config/model-config'

const SIZES = {
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  max_position_embeddings: 512,
}
const GPT2_SIZES = { vocab_size: 300, n_embd: 64, n_layer: 4, n_head: 4, n_positions: 512 }

const nameOf = (architecture: string) => (architecture === 'GPT2' ? 'GPT2LMHeadModel' : `${architecture}ForCausalLM`)
const configOf = (architecture: string, fields: object = {}): JsonObject => ({
  architectures: [nameOf(architecture)],
  ...(architecture === 'GPT2' ? GPT2_SIZES : SIZES),
  ...fields,
})
const parse = (architecture: string, fields?: object) => parseModelConfig(configOf(architecture, fields))

const WITH_WINDOWS = ['Mistral', 'Phi3', 'Qwen2', 'Qwen3', 'Gemma2', 'Gemma3', 'SmolLM3']
const WITHOUT_WINDOWS = ['Llama', 'Granite', 'Olmo2', 'GPTNeoX', 'GPT2']
const ALL = [...WITH_WINDOWS, ...WITHOUT_WINDOWS]

/** Everything that says somewhere that all layers have a window of 16 tokens. */
const WINDOWS = {
  sliding_window: 16,
  use_sliding_window: true,
  max_window_layers: 0,
  layer_types: Array(4).fill('sliding_attention'),
}
const windowsOf = (architecture: string, fields: object) =>
  parse(architecture, fields).layers.map(({ window }) => window)

describe('an architecture reads what its class in transformers reads', () => {
  test.each(WITH_WINDOWS)('%s has a window', architecture => {
    expect(windowsOf(architecture, WINDOWS)).toEqual([16, 16, 16, 16])
  })

  test.each(WITHOUT_WINDOWS)('%s has none, whatever config.json says of one', architecture => {
    expect(parse(architecture, WINDOWS)).toEqual(parse(architecture))
    expect(parse(architecture, { ...WINDOWS, layer_types: 'any', sliding_window: 8 })).toEqual(parse(architecture))
  })

  test.each(['Mistral', 'Phi3'])(
    'all layers of %s have it, whatever layer_types and switches of others say',
    architecture => {
      const others = { layer_types: Array(4).fill('full_attention'), use_sliding_window: false, max_window_layers: 4 }
      expect(windowsOf(architecture, { sliding_window: 16, ...others })).toEqual([16, 16, 16, 16])
    },
  )

  test('Gemma 2 has no pattern, Qwen has the layers from max_window_layers on, SmolLM3 those that do not turn', () => {
    const window = { sliding_window: 16, use_sliding_window: true, max_window_layers: 3, sliding_window_pattern: 4 }
    const [on, off] = [16, undefined]
    expect(windowsOf('Gemma2', window)).toEqual([on, off, on, off])
    expect(windowsOf('Gemma3', window)).toEqual([on, on, on, off])
    expect(windowsOf('Qwen2', window)).toEqual([off, off, off, on])
    expect(windowsOf('SmolLM3', { ...window, no_rope_layer_interval: 2 })).toEqual([off, on, off, on])
  })

  test('GPT-2 has no rotation and as many KV heads as heads, GPT-NeoX none of the names that a Llama has', () => {
    const rope = { rope_theta: 5, rope_scaling: { type: 'unheard of' }, partial_rotary_factor: 0.3 }
    const llama = { num_key_value_heads: 1, rms_norm_eps: 0.5, hidden_act: 'relu' }
    expect(parse('GPT2', { ...rope, ...llama, head_dim: 8, intermediate_size: 8 })).toEqual(parse('GPT2'))
    const { rope_theta, partial_rotary_factor } = rope
    const { num_key_value_heads, rms_norm_eps } = llama
    const others = { rope_theta, partial_rotary_factor, num_key_value_heads, rms_norm_eps }
    expect(parse('GPTNeoX', others)).toEqual(parse('GPTNeoX'))
  })

  test('Gemma has its activation by a name of its own', () => {
    expect(parse('Gemma2', { hidden_act: 'relu' })).toEqual(parse('Gemma2'))
    expect(() => parse('Gemma2', { hidden_activation: 'relu' })).toThrow('hidden_activation is "relu"')
  })

  test.each([
    ['Mistral', 8],
    ['Gemma2', 4],
    ['SmolLM3', 4],
    ['Llama', 16],
  ] as const)('%s has %i KV heads of 16 where config.json is silent', (architecture, numKvHeads) => {
    const { num_key_value_heads: _, ...sizes } = configOf(architecture, { num_attention_heads: 16 })
    expect(parseModelConfig(sizes).numKvHeads).toBe(numKvHeads)
    expect(parseModelConfig({ ...sizes, num_key_value_heads: null }).numKvHeads).toBe(16)
  })
})

test.each([
  ['Mistral', 'attention_bias'],
  ['Qwen2', 'mlp_bias'],
  ['GPT2', 'attention_bias'],
  ['Phi3', 'attention_bias'],
  ['Llama', 'lm_head_bias'],
])('%s has no %s: false asks for nothing, true is refused by name', (architecture, field) => {
  expect(parse(architecture, { [field]: false })).toEqual(parse(architecture))
  expect(() => parse(architecture, { [field]: true })).toThrow(UnsupportedModel)
  expect(() => parse(architecture, { [field]: true })).toThrow(field)
})

test('no architecture ignores a field that it does not know', () => {
  for (const architecture of ALL) {
    for (const field of ['clip_qkv', 'query_scale', 'alibi', 'num_local_experts']) {
      expect(() => parse(architecture, { [field]: 8 }), architecture).toThrow(
        `config.json has the field ${field} = 8, whose meaning is not known here.`,
      )
      expect(parse(architecture, { [field]: null })).toEqual(parse(architecture))
    }
  }
})

test('an architecture reads every field that it names', () => {
  for (const architecture of ALL) {
    const { reads = [] } = findArchitecture(nameOf(architecture)) ?? {}
    const nothing = Object.fromEntries(reads.map(name => [name, null]))
    const asked = new Set<string>()
    const read = vi.spyOn(Fields.prototype, 'read').mockImplementation(function (this: Fields, name) {
      asked.add(this.nameOf(name))
      return this.json[this.nameOf(name)] ?? undefined
    })
    // GPT-2 has two names for its sizes
    for (const sizes of [{ ...configOf(architecture) }, { ...configOf(architecture), ...SIZES }]) {
      parseModelConfig({ ...nothing, ...sizes })
    }
    read.mockRestore()
    const unread = reads.filter(name => !asked.has(name))
    expect(unread, architecture).toEqual([])
  }
})
