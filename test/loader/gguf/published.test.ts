import { expect, test } from 'vitest'
import { UnsupportedModel } from '../../../src/core/errors'
import type { ModelConfig } from '../../../src/core/model-config'
import { describeModel, readModelFiles } from '../../../src/loader/model-files'
import { memorySource } from '../memory-source'
import { TINY, withFields } from './tiny-gguf'
import { BOOL, F32, type Field, LIST, TEXT, type TensorInput, U32, writeGguf } from './write-gguf'

type Value = number | boolean | string | readonly number[] | readonly boolean[]
type Values = Readonly<Record<string, Value>>

function fieldOf(key: string, value: Value): Field {
  if (typeof value === 'string') return [key, TEXT, value]
  if (typeof value === 'object') return [key, LIST, value.map(Number), typeof value[0] === 'boolean' ? BOOL : U32]
  if (typeof value === 'boolean') return [key, BOOL, value]
  return [key, /epsilon|freq_base|scale|factor|softcapping/.test(key) ? F32 : U32, value]
}

/** The model that a file of llama.cpp's converter describes by these fields, which it prefixes with the architecture. */
async function described(architecture: string, values: Values, tensors: readonly TensorInput[] = []) {
  const own = Object.entries(values).map(([name, value]) => fieldOf(`${architecture}.${name}`, value))
  const llama = TINY.fields.map(([key]) => key).filter(key => key.startsWith('llama.'))
  const input = withFields({ ...TINY, tensors }, [['general.architecture', TEXT, architecture], ...own], llama)
  const source = { ...memorySource({ 'model.gguf': writeGguf(input) }, 9_999), gguf: 'model.gguf' }
  return describeModel(await readModelFiles(source))
}

const sizes = (layers: number, context: number, hidden: number, ffn: number, heads: number, kvHeads = heads) => ({
  ...{ block_count: layers, context_length: context, embedding_length: hidden, feed_forward_length: ffn },
  ...{ 'attention.head_count': heads, 'attention.head_count_kv': kvHeads },
})
const rms = (epsilon: number) => ({ 'attention.layer_norm_rms_epsilon': epsilon })
const heads = (length: number) => ({ 'attention.key_length': length, 'attention.value_length': length })

/** All fields of published files, by llama.cpp's listing of them. */
test.each<[name: string, architecture: string, Values, expected: Partial<ModelConfig>]>([
  [
    'Qwen3 0.6B',
    'qwen3',
    { ...sizes(28, 40960, 1024, 3072, 16, 8), ...rms(1e-6), ...heads(128), 'rope.freq_base': 1e6 },
    { headDim: 128, numKvHeads: 8, qkNorm: 'head' },
  ],
  [
    'Gemma 2 2B',
    'gemma2',
    {
      ...{ ...sizes(26, 8192, 2304, 9216, 8, 4), ...rms(1e-6), ...heads(256) },
      ...{ attn_logit_softcapping: 50, final_logit_softcapping: 30, 'attention.sliding_window': 4096 },
    },
    { attentionSoftcap: 50, logitSoftcap: 30, attentionScale: 1 / 16, activation: 'gelu-tanh' },
  ],
  [
    'Gemma 3 270M',
    'gemma3',
    {
      ...{ ...sizes(18, 32768, 640, 2048, 4, 1), ...rms(1e-6), ...heads(256) },
      ...{ 'rope.freq_base': 1e6, 'attention.sliding_window': 512 },
    },
    { attentionSoftcap: undefined, attentionScale: 1 / 16, tieWordEmbeddings: true },
  ],
  [
    'SmolLM3 3B',
    'smollm3',
    {
      ...{ ...sizes(36, 65536, 2048, 11008, 16, 4), ...rms(1e-6), vocab_size: 128256 },
      ...{ 'rope.freq_base': 5e6, 'rope.dimension_count': 128 },
    },
    { headDim: 128, vocabSize: 128256 },
  ],
  [
    'Granite 3.1 2B',
    'granite',
    {
      ...{ ...sizes(40, 131072, 2048, 8192, 32, 8), ...rms(1e-5), vocab_size: 49155, 'rope.freq_base': 5e6 },
      ...{ 'rope.dimension_count': 64, 'attention.scale': 0.015625, embedding_scale: 12, residual_scale: 0.25 },
      logit_scale: 8,
    },
    { attentionScale: 1 / 64, embeddingScale: 12, residualScale: 0.25, logitScale: 1 / 8 },
  ],
  [
    'GPT-2',
    'gpt2',
    { ...sizes(12, 1024, 768, 3072, 12), 'attention.layer_norm_epsilon': 1e-5 },
    { norm: 'layer', activation: 'gelu-tanh', isGated: false },
  ],
  [
    'Pythia 1.4B',
    'gptneox',
    {
      ...{ ...sizes(24, 2048, 2048, 8192, 16), 'attention.layer_norm_epsilon': 1e-5 },
      ...{ 'rope.dimension_count': 32, use_parallel_residual: true },
    },
    { headDim: 128, isParallel: true, activation: 'gelu', outputBias: true },
  ],
])('%s', async (_, architecture, values, expected) => {
  expect(await described(architecture, values)).toMatchObject(expected)
})

const ropeOf = ({ layers }: ModelConfig) => layers[0].rope

test('a part of a head turns, or all of it, as the file says', async () => {
  const neox = { ...sizes(1, 2048, 2048, 8192, 16), 'attention.layer_norm_epsilon': 1e-5 }
  expect(ropeOf(await described('gptneox', { ...neox, 'rope.dimension_count': 32 }))?.dim).toBe(32)
  expect(ropeOf(await described('gptneox', { ...neox, 'rope.dimension_count': 128 }))?.dim).toBe(128)
})

test('Phi-3 mini has its window in early files too, which leave it out', async () => {
  const values = { ...sizes(32, 4096, 3072, 8192, 32), ...rms(1e-5), 'rope.dimension_count': 96 }
  expect((await described('phi3', values)).layers[0].window).toBe(2047)
  expect((await described('phi3', { ...values, 'attention.sliding_window': 0 })).layers[0].window).toBeUndefined()
})

test('Phi-4 mini turns three quarters of a head by factors that are tensors', async () => {
  const factors = ['rope_factors_long.weight', 'rope_factors_short.weight'].map(name => {
    const data = new Uint8Array(Float32Array.from({ length: 48 }, () => (name.includes('long') ? 2 : 1)).buffer)
    return { name, type: 0, shape: [48], data }
  })
  const values = {
    ...{ ...sizes(32, 131072, 3072, 8192, 24, 8), ...rms(1e-5), 'rope.dimension_count': 96, 'rope.freq_base': 1e4 },
    ...{ 'rope.scaling.original_context_length': 4096, 'attention.sliding_window': 262144 },
  }
  const config = await described('phi3', values, factors)
  expect(config.layers[0].window).toBeUndefined()
  expect(ropeOf(config)).toMatchObject({ dim: 96, scaling: { type: 'longrope', originalMaxPositions: 4096 } })
})

const LLAMA = { ...sizes(2, 512, 64, 96, 4, 2), ...rms(1e-5) }

test('a list that says the same of every layer is that number', async () => {
  const lists = { 'attention.head_count': [4, 4], 'attention.head_count_kv': [2, 2], feed_forward_length: [96, 96] }
  expect(await described('llama', { ...LLAMA, ...lists })).toEqual(await described('llama', LLAMA))
})

test('layers that differ are refused by the name of what differs', async () => {
  const differing = described('llama', { ...LLAMA, 'attention.head_count_kv': [2, 4] })
  await expect(differing).rejects.toThrow(UnsupportedModel)
  await expect(differing).rejects.toThrow(
    'llama.attention.head_count_kv is 2 for layer 0 and 4 for layer 1; all layers must be alike.',
  )
  const short = described('llama', { ...LLAMA, feed_forward_length: [96] })
  await expect(short).rejects.toThrow('llama.feed_forward_length is a list of 1 numbers, for 2 layers.')
})

test('the windows of Gemma 3 are a list, or the number of layers from one without to the next', async () => {
  const window = { 'attention.sliding_window': 16, ...heads(16), ...rms(1e-6) }
  const gemma = { ...sizes(6, 512, 64, 96, 4, 1), ...window }
  const windowsOf = async (pattern?: Value) => {
    const fields: Values = pattern === undefined ? {} : { 'attention.sliding_window_pattern': pattern }
    return (await described('gemma3', { ...gemma, ...fields })).layers.map(each => each.window ?? 0)
  }
  expect(await windowsOf()).toEqual([16, 16, 16, 16, 16, 0])
  expect(await windowsOf(3)).toEqual([16, 16, 0, 16, 16, 0])
  expect(await windowsOf(1)).toEqual([0, 0, 0, 0, 0, 0])
  expect(await windowsOf(0)).toEqual([16, 16, 16, 16, 16, 16])
  expect(await windowsOf([true, false, true, false, true, false])).toEqual([16, 0, 16, 0, 16, 0])
})

test('a Llama has no window, as for llama.cpp', async () => {
  const { layers } = await described('llama', { ...LLAMA, 'attention.sliding_window': 16 })
  expect(layers[0].window).toBeUndefined()
})

test('attn_factor multiplies what YaRN asks for: DeepSeek R1 0528 Qwen3 8B does without', async () => {
  const yarn = {
    ...{ 'rope.scaling.type': 'yarn', 'rope.scaling.factor': 4, 'rope.scaling.original_context_length': 32768 },
    'rope.scaling.attn_factor': 0.8782488562869419,
  }
  const qwen3 = { ...sizes(1, 131072, 64, 96, 4, 2), ...rms(1e-6), ...heads(16) }
  const { scaling } = ropeOf(await described('qwen3', { ...qwen3, ...yarn })) ?? {}
  expect(scaling).toMatchObject({ type: 'yarn', factor: 4, originalMaxPositions: 32768 })
  expect(scaling && 'attentionFactor' in scaling && scaling.attentionFactor).toBeCloseTo(1, 6)
  const extrapolated = described('qwen3', { ...qwen3, ...yarn, 'rope.scaling.yarn_ext_factor': 0.5 })
  await expect(extrapolated).rejects.toThrow('qwen3.rope.scaling.yarn_ext_factor is 0.5; only 1 is supported.')
})

test('an architecture that is unknown is said before anything else is judged', async () => {
  const tensors = [{ name: 'token_embd.weight', type: 39, shape: [8, 32], data: new Uint8Array(136) }]
  await expect(described('gpt-oss', {}, tensors)).rejects.toThrow(
    'general.architecture is "gpt-oss": its layers choose among experts, which is not computed here yet; the nearest that',
  )
})

test('errors name the field as the file does, whatever the architecture calls it in config.json', async () => {
  const gpt2 = { ...sizes(2, 512, 64, 96, 4), 'attention.layer_norm_epsilon': 1e-5 }
  await expect(described('gpt2', { ...gpt2, feed_forward_length: 97 })).rejects.toThrow(
    'gpt2.feed_forward_length is 97; it must be a multiple of 8.',
  )
})
