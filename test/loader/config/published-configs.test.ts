import { describe, expect, test } from 'vitest'
import type { ModelConfig } from '../../../src/core/model-config'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { readPacking } from '../../../src/loader/packed/read-packing'
import { decoderTensors } from '../../../src/model/tensors'
import { Weights } from '../../../src/model/weights'
import { NEWER } from './newer-published-configs'
import { PUBLISHED } from './published-configs'

/** Where a model differs from a Llama with defaults; how many tensors its file has, masks and second copies left out. */
const EXPECTED: Readonly<Record<string, [numTensors: number, config: Partial<ModelConfig>]>> = {
  'Qwen/Qwen2.5-0.5B-Instruct': [290, { headDim: 64, qkvBias: true, outputBias: false, tieWordEmbeddings: true }],
  'Qwen/Qwen3-0.6B': [310, { headDim: 128, qkNorm: 'head', qkvBias: false, tieWordEmbeddings: true }],
  'deepseek-ai/DeepSeek-R1-0528-Qwen3-8B': [399, { headDim: 128, qkNorm: 'head', tieWordEmbeddings: false }],
  'google/gemma-2-9b-it': [464, { attentionScale: 1 / 16, attentionSoftcap: 50, logitSoftcap: 30 }],
  'google/gemma-3-1b-it': [340, { attentionScale: 1 / 16, attentionSoftcap: undefined, eosTokenIds: [1, 106] }],
  'google/gemma-3-270m-it': [236, { headDim: 256, embeddingScale: Math.sqrt(640), tieWordEmbeddings: true }],
  'microsoft/Phi-3-mini-4k-instruct': [195, { headDim: 96, tieWordEmbeddings: false, qkvBias: false }],
  'microsoft/Phi-4-mini-instruct': [194, { headDim: 128, numKvHeads: 8, tieWordEmbeddings: true }],
  'HuggingFaceTB/SmolLM3-3B': [326, { tieWordEmbeddings: true, bosTokenId: undefined, eosTokenIds: [128012] }],
  'allenai/OLMo-2-0425-1B': [179, { qkNorm: 'projection', tieWordEmbeddings: false, bosTokenId: undefined }],
  'ibm-granite/granite-3.3-2b-instruct': [
    362,
    { embeddingScale: 12, attentionScale: 1 / 64, residualScale: 0.22, logitScale: 1 / 8, tieWordEmbeddings: true },
  ],
  distilgpt2: [76, { intermediateSize: 3072, activation: 'gelu-tanh', maxPositions: 1024, tieWordEmbeddings: true }],
  'openai-community/gpt2-medium': [292, { intermediateSize: 4096, norm: 'layer', isGated: false, qkvBias: true }],
  'tiiuae/Falcon3-1B-Instruct': [165, { headDim: 256, numKvHeads: 4, activation: 'silu', eosTokenIds: [11] }],
  'google/gemma-2b': [164, { activation: 'gelu-tanh', embeddingScale: Math.sqrt(2048), tieWordEmbeddings: true }],
  'google/gemma-3-4b-it': [
    444,
    { vocabSize: 262_208, numHeads: 8, headDim: 256, qkNorm: 'head', eosTokenIds: [1, 106] },
  ],
  'Qwen/Qwen3-VL-4B-Instruct': [398, { architecture: 'Qwen3ForCausalLM', qkNorm: 'head', tieWordEmbeddings: true }],
  'mistralai/Ministral-3-3B-Instruct-2512-BF16': [
    236,
    { architecture: 'Ministral3ForCausalLM', queryGrowth: { factor: 0.1, positions: 16_384 }, tieWordEmbeddings: true },
  ],
  'swiss-ai/Apertus-8B-Instruct-2509': [
    451,
    { activation: 'xielu', isGated: false, qkNorm: 'head', mlpBias: false, eosTokenIds: [68] },
  ],
  'allenai/Olmo-3-7B-Instruct': [355, { qkNorm: 'projection', tieWordEmbeddings: false }],
  'LGAI-EXAONE/EXAONE-4.0-32B': [707, { qkNorm: 'head', headDim: 128, eosTokenIds: [361] }],
  'baidu/ERNIE-4.5-0.3B-PT': [164, { headDim: 128, qkvBias: false, tieWordEmbeddings: true }],
  'tencent/Hunyuan-7B-Instruct': [354, { qkNorm: 'turned-head', tieWordEmbeddings: true }],
  'openbmb/MiniCPM4-0.5B': [
    218,
    { embeddingScale: 12, residualScale: 1.4 / Math.sqrt(24), logitScale: 0.25, eosTokenIds: [2, 73_440] },
  ],
  'stabilityai/stablelm-2-zephyr-1_6b': [340, { norm: 'layer', qkvBias: true, outputBias: false, isGated: true }],
  'microsoft/phi-2': [453, { isParallel: true, headBias: true, isGated: false, activation: 'gelu-tanh' }],
  'bigcode/starcoder2-3b': [483, { norm: 'layer', isGated: false, mlpBias: true, tieWordEmbeddings: true }],
  'roneneldan/TinyStories-33M': [56, { attentionScale: 1, intermediateSize: 3072, qkvBias: false, outputBias: true }],
  'EleutherAI/pythia-14m': [76, { isParallel: true, activation: 'gelu', outputBias: true, tieWordEmbeddings: false }],
}

describe.each(Object.entries({ ...PUBLISHED, ...NEWER }))('%s', (name, config) => {
  const [numTensors, expected] = EXPECTED[name]

  test('is described as its makers run it', () => {
    expect(parseModelConfig(config)).toMatchObject(expected)
  })

  test('has as many tensors as its file', () => {
    const noMemory = { createBuffer: () => ({ size: 0 }), device: {}, limits: {} } as unknown
    const weights = new Weights(noMemory as ConstructorParameters<typeof Weights>[0], () => ({ kind: 'f32' }))
    decoderTensors(parseModelConfig(config), weights)
    expect(weights.expected.size).toBe(numTensors)
  })
})

/** Each layer's window and rotary base; 0 where there is none. */
const layersOf = (name: string, changed: object = {}) =>
  parseModelConfig({ ...PUBLISHED[name], ...changed }).layers.map(({ window, rope }) => [window ?? 0, rope?.theta ?? 0])

const [local, global] = [
  [512, 1e4],
  [0, 1e6],
]

test('five of six layers of Gemma 3 have a window and a rotary base of their own, of Gemma 2 every other one', () => {
  const six = [local, local, local, local, local, global]
  expect(layersOf('google/gemma-3-1b-it')).toEqual([...six, ...six, ...six, ...six, local, local])
  expect(layersOf('google/gemma-3-270m-it')).toEqual([...six, ...six, ...six])
  expect(layersOf('google/gemma-2-9b-it').slice(0, 3)).toEqual([
    [4096, 1e4],
    [0, 1e4],
    [4096, 1e4],
  ])
})

test('windows that are switched off are none', () => {
  const types = Array(24).fill('sliding_attention')
  const full = Array(24).fill([0, 1e6])
  const qwen = 'Qwen/Qwen2.5-0.5B-Instruct'
  expect(layersOf(qwen, { sliding_window: 64, max_window_layers: 0 })).toEqual(full)
  expect(layersOf(qwen, { sliding_window: 64, layer_types: types })).toEqual(full)
  expect(layersOf(qwen, { sliding_window: 64, layer_types: types, use_sliding_window: true })[0]).toEqual([64, 1e6])
  expect(layersOf(qwen, { sliding_window: null, max_window_layers: 0, use_sliding_window: true })).toEqual(full)
  expect(layersOf('microsoft/Phi-3-mini-4k-instruct')[0]).toEqual([2047, 1e4])
  expect(layersOf('microsoft/Phi-4-mini-instruct')[0]).toEqual([0, 1e4])
})

test('every fourth layer of SmolLM3 does not turn', () => {
  const four = [5e6, 5e6, 5e6, 0].map(theta => [0, theta])
  expect(layersOf('HuggingFaceTB/SmolLM3-3B').slice(0, 8)).toEqual([...four, ...four])
})

test('a part of a head turns: a quarter in Pythia, three in Phi-4 mini, with the attention factor of its contexts', () => {
  const ropeOf = (name: string) => parseModelConfig(PUBLISHED[name]).layers[0].rope
  expect(ropeOf('EleutherAI/pythia-14m')?.dim).toBe(8)
  const { dim, scaling } = ropeOf('microsoft/Phi-4-mini-instruct') ?? {}
  expect(dim).toBe(96)
  expect(scaling).toMatchObject({ type: 'longrope', originalMaxPositions: 4096 })
  expect(scaling && 'attentionFactor' in scaling && scaling.attentionFactor).toBeCloseTo(1.190238, 6)
})

test("YaRN's attn_factor, which is llama.cpp's, changes nothing, as in transformers", () => {
  const { rope } = parseModelConfig(PUBLISHED['deepseek-ai/DeepSeek-R1-0528-Qwen3-8B']).layers[0]
  expect(rope?.scaling).toMatchObject({ type: 'yarn', factor: 4, originalMaxPositions: 32768 })
  expect(rope?.scaling).toMatchObject({ attentionFactor: 0.1 * Math.log(4) + 1 })
})

test('Phi-3 calls LongRoPE by the names of its early code', () => {
  const { rope_scaling: scaling } = PUBLISHED['microsoft/Phi-4-mini-instruct'] as { rope_scaling: object }
  for (const type of ['su', 'yarn']) {
    const changed = { ...PUBLISHED['microsoft/Phi-4-mini-instruct'], rope_scaling: { ...scaling, type } }
    expect(parseModelConfig(changed)).toEqual(parseModelConfig(PUBLISHED['microsoft/Phi-4-mini-instruct']))
  }
})

test('Gemma 2 caps scores and logits where nothing is said, and not where null is', () => {
  const { attn_logit_softcapping: _, final_logit_softcapping: __, ...silent } = PUBLISHED['google/gemma-2-9b-it']
  expect(parseModelConfig(silent)).toMatchObject({ attentionSoftcap: 50, logitSoftcap: 30 })
  const uncapped = { ...silent, attn_logit_softcapping: null, final_logit_softcapping: null }
  expect(parseModelConfig(uncapped)).toMatchObject({ attentionSoftcap: undefined, logitSoftcap: undefined })
})

test('the files of transformers 5 describe the same models', () => {
  const rewritten = (name: string, moved: readonly string[], added: object) => {
    const kept = Object.entries(PUBLISHED[name]).filter(([field]) => !moved.includes(field))
    return { ...Object.fromEntries(kept), ...added, dtype: 'bfloat16', transformers_version: '5.4.0' }
  }
  const rope = (theta: number, more: object = {}) => ({ rope_theta: theta, rope_type: 'default', ...more })
  const both = { sliding_attention: rope(1e4), full_attention: rope(1e6) }
  const { rope_scaling: scaling } = PUBLISHED['microsoft/Phi-4-mini-instruct'] as { rope_scaling: object }
  const moved = ['rope_theta', 'rope_scaling', 'rope_local_base_freq', 'torch_dtype', 'cache_implementation']
  for (const [name, fields, added] of [
    ['Qwen/Qwen3-0.6B', moved, { rope_parameters: rope(1e6), rope_scaling: null }],
    ['google/gemma-3-270m-it', moved, { rope_parameters: both, tie_word_embeddings: true }],
    ['google/gemma-2-9b-it', moved, { rope_parameters: rope(1e4), use_bidirectional_attention: null }],
    ['HuggingFaceTB/SmolLM3-3B', moved, { rope_parameters: rope(5e6), tie_word_embeddings: true }],
    [
      'microsoft/Phi-4-mini-instruct',
      [...moved, 'partial_rotary_factor'],
      {
        rope_parameters: {
          ...{ ...scaling, rope_theta: 1e4, rope_type: 'longrope', partial_rotary_factor: 0.75 },
          original_max_position_embeddings: 4096,
        },
      },
    ],
    [
      'EleutherAI/pythia-14m',
      [...moved, 'rotary_pct', 'rotary_emb_base'],
      { rope_parameters: rope(1e4, { partial_rotary_factor: 0.25 }), is_decoder: false },
    ],
  ] as const) {
    expect(parseModelConfig(rewritten(name, fields, added))).toEqual(parseModelConfig(PUBLISHED[name]))
  }
})

test('the quantization of Qwen2.5 is read as published', () => {
  const gptq = {
    ...{ batch_size: 1, bits: 4, block_name_to_quantize: null, cache_block_outputs: true, damp_percent: 0.01 },
    ...{ dataset: null, desc_act: false, exllama_config: { version: 1 }, group_size: 128, max_input_length: null },
    ...{ model_seqlen: null, module_name_preceding_first_block: null, modules_in_block_to_quantize: null },
    ...{ pad_token_id: null, quant_method: 'gptq', sym: true, tokenizer: null, true_sequential: true },
    ...{ use_cuda_fp16: false, use_exllama: true },
  }
  const awq = { bits: 4, group_size: 128, modules_to_not_convert: null, quant_method: 'awq' }
  const config = PUBLISHED['Qwen/Qwen2.5-0.5B-Instruct']
  for (const quantization_config of [gptq, { ...awq, version: 'gemm', zero_point: true }]) {
    const quantised = { ...config, torch_dtype: 'float16', quantization_config }
    expect(readPacking(quantised)?.partOf('a.qweight', 'I32')).toEqual({ matrix: 'a.weight', part: 'qweight' })
    expect(parseModelConfig(quantised)).toEqual(parseModelConfig(config))
  }
})
