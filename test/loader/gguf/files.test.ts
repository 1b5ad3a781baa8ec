import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { describeModel, readModelFiles } from '../../../src/loader/model-files'
import { ChatTemplate } from '../../../src/tokenizer/chat-template'
import { Tokenizer } from '../../../src/tokenizer/tokenizer'
import type { SeededConfig } from '../../support/seeded-weights'
import { TEXTS } from '../../tokenizer/tokenizers'
import { memorySource } from '../memory-source'
import { configFields, seededFields, tokenizerFields } from './seeded-gguf'
import { TINY, withFields } from './tiny-gguf'
import { F32, type Field, type GgufInput, LIST, TEXT, type TensorInput, U32, writeGguf } from './write-gguf'

const fixtures = Object.values(
  import.meta.glob<{ readonly name: string; readonly config: SeededConfig }>('../../fixtures/llama/*.json', {
    import: 'default',
    eager: true,
  }),
)

function filesOf(input: GgufInput) {
  return readModelFiles({ ...memorySource({ 'model.gguf': writeGguf(input) }, 9_999), gguf: 'model.gguf' })
}

async function configOf(input: GgufInput) {
  return parseModelConfig((await filesOf(input)).config)
}

const empty = (name: string, shape: number[]): TensorInput => ({
  name,
  type: 0,
  shape,
  data: new Uint8Array(4 * shape.reduce((product, size) => product * size, 1)),
})

/** What the converter divides Llama 3's rotary frequencies by (transformers' `_compute_llama3_parameters`). */
function llama3Factors(config: SeededConfig): TensorInput[] {
  const scaling = config.rope_scaling as Readonly<Record<string, number | string>> | undefined
  if (scaling?.rope_type !== 'llama3') return []
  const [factor, low, high, original] = [
    'factor',
    'low_freq_factor',
    'high_freq_factor',
    'original_max_position_embeddings',
  ].map(name => Number(scaling[name]))
  const factors = Float32Array.from({ length: config.head_dim / 2 }, (_, index) => {
    const wavelength = 2 * Math.PI * Number(config.rope_theta) ** ((2 * index) / config.head_dim)
    if (wavelength < original / high) return 1
    if (wavelength > original / low) return factor
    const smooth = (original / wavelength - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)
  })
  return [{ name: 'rope_freqs.weight', type: 0, shape: [factors.length], data: new Uint8Array(factors.buffer) }]
}

/** Llama 3's scaling as all published models have it: GGUF has no other. */
function withPublishedScaling(config: SeededConfig): SeededConfig {
  const scaling = config.rope_scaling as Readonly<Record<string, unknown>> | undefined
  if (scaling?.rope_type !== 'llama3') return config
  const published = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }
  return { ...config, rope_theta: 500_000, rope_scaling: { ...scaling, ...published } }
}

describe.each(fixtures)('$name', fixture => {
  const config = withPublishedScaling(fixture.config)

  test('its config is the one of config.json, the norm epsilon as f32', async () => {
    const tensors = [
      ...llama3Factors(config),
      ...(config.tie_word_embeddings ? [] : [empty('output.weight', [1])]),
      ...(config.attention_bias ? [empty('blk.0.attn_q.bias', [1])] : []),
      ...(config.mlp_bias ? [empty('blk.0.ffn_gate.bias', [1])] : []),
    ]
    const expected = parseModelConfig(config)
    expect(await configOf({ fields: seededFields(config), tensors })).toEqual({
      ...expected,
      normEps: Math.fround(expected.normEps),
      bosTokenId: 256,
      eosTokenIds: [257],
    })
  })
})

describe('the config', () => {
  const changed = (...fields: Field[]) => configOf(withFields(TINY, fields))

  test('takes every token that ends something for an end of sequence', async () => {
    const { eosTokenIds } = await changed(
      ['tokenizer.ggml.eot_token_id', U32, 4],
      ['tokenizer.ggml.eom_token_id', U32, 2],
    )
    expect(eosTokenIds).toEqual([2, 4])
  })

  test('has every end that Llama 3 has, whichever the file names', async () => {
    const tokens = ['<unk>', '<s>', '<|eot_id|>', '<0x0A>', 'a', '<|end_of_text|>', 'b', '<|eom_id|>']
    const { eosTokenIds } = await changed(['tokenizer.ggml.tokens', LIST, tokens, TEXT])
    expect(new Set(eosTokenIds)).toEqual(new Set([2, 5, 7]))
  })

  test.each(['<end_of_turn>', '<|end|>', '<|im_end|>'])('has %s for an end, which files do not name', async end => {
    const tokens = ['<unk>', '<s>', '</s>', '<0x0A>', 'a', 'b', 'c', end]
    const { eosTokenIds } = await changed(['tokenizer.ggml.tokens', LIST, tokens, TEXT])
    expect(eosTokenIds).toEqual([2, 7])
  })

  test('scales positions only by factors that a rule gives', async () => {
    const factors = { ...empty('rope_freqs.weight', [4]), data: new Uint8Array(Float32Array.of(1, 1, 1, 7).buffer) }
    await expect(configOf({ ...TINY, tensors: [factors, ...TINY.tensors] })).rejects.toThrow(UnsupportedModel)
    const ones = { ...factors, data: new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer) }
    const { layers } = await configOf({ ...TINY, tensors: [ones, ...TINY.tensors] })
    expect(layers[0].rope?.scaling).toEqual({ type: 'default' })
  })

  test.each<[string, Field, string]>([
    [
      'another architecture',
      ['general.architecture', TEXT, 'other'],
      'general.architecture is "other"; supported are llama, ',
    ],
    ['experts', ['llama.expert_count', U32, 8], 'llama.expert_count is 8; only 0 is supported'],
    ['another scaling', ['llama.rope.scaling.type', TEXT, 'longrope'], 'llama.rope.scaling.type is longrope'],
    ['part of a head rotated', ['llama.rope.dimension_count', U32, 4], 'llama.rope.dimension_count is 4; only 8'],
    [
      'an unknown field',
      ['llama.logit_scale', F32, 2],
      'has the field llama.logit_scale = 2, whose meaning is not known',
    ],
  ])('refuses %s', async (_, field, message) => {
    await expect(changed(field)).rejects.toThrow(UnsupportedModel)
    await expect(changed(field)).rejects.toThrow(message)
  })

  test.each<[string, Field, string]>([
    ['a list for a size', ['llama.block_count', LIST, [1, 2], U32], 'llama.block_count is "a list of 2 numbers"'],
    ['heads too large to hold', ['llama.attention.key_length', U32, 4097], 'key_length is 4097, but must be'],
    ['fewer rows than tokens', ['llama.vocab_size', U32, 3], 'llama.vocab_size is 3, but must be at least 8'],
    [
      'an id beyond the tokens',
      ['tokenizer.ggml.bos_token_id', U32, 8],
      'bos_token_id is 8, but must be a whole number',
    ],
  ])('finds %s corrupt', async (_, field, message) => {
    await expect(changed(field)).rejects.toThrow(CorruptCheckpoint)
    await expect(changed(field)).rejects.toThrow(message)
  })
})

test('an error is in the words of the file', async () => {
  const files = await filesOf(withFields(TINY, [['llama.attention.head_count_kv', U32, 3]]))
  await expect(describeModel(files)).rejects.toThrow(CorruptCheckpoint)
  await expect(describeModel(files)).rejects.toThrow(
    'model.gguf: llama.attention.head_count 2 is not a multiple of llama.attention.head_count_kv 3.',
  )
})

test('the embedded model as a GGUF file has its config, its tokens and its chat template', async () => {
  const json = (file: string) => JSON.parse(readFileSync(`public/models/sprout/${file}`, 'utf8'))
  const [config, tokenizerJson, tokenizerConfig] = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map(json)
  const files = await filesOf({
    fields: [
      ...configFields(config),
      ...tokenizerFields(tokenizerJson, 'gpt-2'),
      ['tokenizer.ggml.bos_token_id', U32, 0],
      ['tokenizer.ggml.eos_token_id', U32, 0],
      ['tokenizer.ggml.eot_token_id', U32, 4],
      ['tokenizer.chat_template', TEXT, tokenizerConfig.chat_template],
    ],
    tensors: [],
  })
  const expected = parseModelConfig(config, json('generation_config.json'))
  const tied = { ...files.config, tie_word_embeddings: true }
  expect(parseModelConfig(tied)).toEqual({ ...expected, normEps: Math.fround(expected.normEps) })
  expect(files.tokenizerConfig?.chat_template).toBe(tokenizerConfig.chat_template)
  const own = new Tokenizer(tokenizerJson, tokenizerConfig)
  const read = new Tokenizer(files.tokenizer, files.tokenizerConfig)
  expect(read.vocabSize).toBe(own.vocabSize)
  for (const text of [...TEXTS, '<|user|>hello<|end|>']) {
    expect(read.encode(text)).toEqual(own.encode(text))
    expect(read.decode(read.encode(text))).toBe(own.decode(own.encode(text)))
  }
})

test('a template for calls of tools stands beside that of chats', async () => {
  const fields: Field[] = [
    ['tokenizer.chat_template', TEXT, 'plain'],
    ['tokenizer.chat_template.tool_use', TEXT, 'tools'],
    ['tokenizer.chat_templates', LIST, ['tool_use'], TEXT],
  ]
  const { tokenizerConfig } = await filesOf(withFields(TINY, fields))
  const template = new ChatTemplate(tokenizerConfig)
  expect([template.render([]), template.render([], { variables: { tools: [{}] } })]).toEqual(['plain', 'tools'])
})
