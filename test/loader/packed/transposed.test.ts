import { describe, expect, test } from 'vitest'
import { CoppiceError, CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import type { JsonObject } from '../../../src/core/json'
import { dequantize } from '../../../src/core/quantize'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { describeModel } from '../../../src/loader/model-files'
import { readPacking } from '../../../src/loader/packed/read-packing'
import { openSafetensors, safetensorsCheckpoint } from '../../../src/loader/safetensors/checkpoint'
import type { ModelSource } from '../../../src/loader/sources/source'
import { decodeRows } from '../../../src/loader/weights/decode-rows'
import { type LoadProgress, streamRows } from '../../../src/loader/weights/stream-rows'
import { type PackedOptions, packedModel } from '../../support/seeded-packed'
import { type SeededConfig, seededTensors } from '../../support/seeded-weights'
import { type Files, memorySource, safetensorsFile } from '../memory-source'

/** k and v have 40 rows: their last tile is not full. */
const CONFIG: SeededConfig = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 270,
  hidden_size: 128,
  intermediate_size: 256,
  num_hidden_layers: 2,
  num_attention_heads: 8,
  num_key_value_heads: 1,
  head_dim: 40,
  tie_word_embeddings: false,
  attention_bias: false,
  mlp_bias: false,
}
const EXPECTED = new Map(seededTensors(CONFIG).map(({ name, shape }) => [name, shape]))

/** All tensors of a model, each whole, by name. */
async function load(files: Files) {
  const source = memorySource(files, 9_999)
  const quantization = readPacking(JSON.parse(String(files['config.json'])))
  const checkpoint = await openSafetensors(source, quantization)
  const loaded = new Map<string, Float32Array>()
  let numIntegers = 0
  for await (const raw of streamRows(source, checkpoint, EXPECTED, { maxSlabElements: 3000 })) {
    const { name, firstRow, numRows, cols } = raw
    expect(firstRow % 16).toBe(0)
    const rows = decodeRows(raw, true)
    if (!(rows instanceof Float32Array)) numIntegers += numRows * cols
    const whole = loaded.get(name) ?? new Float32Array((EXPECTED.get(name) ?? []).reduce((a, b) => a * b, 1))
    whole.set(rows instanceof Float32Array ? rows : dequantize(rows), firstRow * cols)
    loaded.set(name, whole)
  }
  return { loaded, numIntegers }
}

const numLinear = [...EXPECTED].reduce(
  (sum, [name, shape]) => sum + (name.includes('_proj') ? shape[0] * shape[1] : 0),
  0,
)

describe.each<PackedOptions>([
  { method: 'gptq', group: 64 },
  { method: 'gptq', group: 64, version: 'gptq_v2', isSymmetric: true },
  { method: 'gptq', group: 32, order: 'trivial', isSymmetric: true, isShuffled: true },
  { method: 'gptq', group: 64, order: 'shuffled' },
  { method: 'gptq', group: 32, order: 'trivial', isSorted: true },
  { method: 'gptq', group: 64, bits: 8 },
  { method: 'gptq', group: 32, bits: 8, version: 'gptq_v2', isSymmetric: true, order: 'shuffled' },
  { method: 'awq', group: 64 },
  { method: 'gptq', group: 64, isSymmetric: true, scales: 'BF16' },
  { method: 'awq', group: 64, isSorted: true },
  { method: 'awq', group: 64, scales: 'BF16' },
  { method: 'awq', group: 32, isShuffled: true },
])('%o', options => {
  test('stands for the same weights as the definition, and stays integers unless its groups are scattered', async () => {
    const { packed, plain } = packedModel(CONFIG, 5, options)
    const { loaded, numIntegers } = await load(packed)
    const { loaded: expected } = await load(plain)
    expect(numIntegers).toBe(options.order === 'shuffled' ? 0 : numLinear)
    for (const name of EXPECTED.keys()) {
      const actual = loaded.get(name) ?? new Float32Array(0)
      // + 0: the sign of a zero may differ
      expect(
        actual.findIndex((value, i) => value + 0 !== (expected.get(name)?.[i] ?? Number.NaN) + 0),
        name,
      ).toBe(-1)
      expect(actual.length).toBe(expected.get(name)?.length)
    }
  })
})

test('a file of any size may hold all integers before all scales, as safetensors sorts them', async () => {
  const [rows, cols, group, numMatrices] = [2048, 2048, 64, 40]
  const names = Array.from({ length: numMatrices }, (_, index) => `m${index}`)
  let end = 0
  const entries = [
    ...names.flatMap(name => [
      { name: `${name}.qweight`, dtype: 'I32' as const, shape: [cols / 8, rows] },
      { name: `${name}.qzeros`, dtype: 'I32' as const, shape: [cols / group, rows / 8] },
    ]),
    ...names.map(name => ({ name: `${name}.scales`, dtype: 'F16' as const, shape: [cols / group, rows] })),
  ].map(entry => {
    const begin = end
    end += entry.shape[0] * entry.shape[1] * (entry.dtype === 'I32' ? 4 : 2)
    return { ...entry, begin, end }
  })
  const zeros: ModelSource = {
    name: 'zeros',
    open: async (_, __, begin = 0) => {
      let left = end - begin
      return new ReadableStream({
        pull(controller) {
          const chunk = new Uint8Array(Math.min(left, 2 ** 20))
          left -= chunk.length
          if (chunk.length > 0) controller.enqueue(chunk)
          else controller.close()
        },
      })
    },
  }
  const quantization = readPacking({ quantization_config: { quant_method: 'gptq', bits: 4, group_size: group } })
  const checkpoint = safetensorsCheckpoint('f', [{ name: 'f', dataBegin: 0, entries }], quantization)
  const seen: number[] = []
  const onProgress = ({ loadedBytes }: LoadProgress) => seen.push(loadedBytes)
  let numRows = 0
  const expected = new Map(names.map(name => [`${name}.weight`, [rows, cols]]))
  for await (const raw of streamRows(zeros, checkpoint, expected, { onProgress })) numRows += raw.numRows
  expect(numRows).toBe(numMatrices * rows)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.at(-1)).toBe(end)
})

test.each([1, 2, 3])('the parts of a matrix may lie in two files: cut after part %d', async count => {
  const { packed, plain } = packedModel(CONFIG, 5, { method: 'gptq', group: 64, order: 'shuffled' })
  const { 'model.safetensors': file, ...others } = packed
  const bytes = file as Uint8Array<ArrayBuffer>
  const dataBegin = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, dataBegin)),
  )
  const entries = Object.entries(header)
  const cut = entries.findIndex(([name]) => name.includes('layers.1.mlp.up_proj')) + count
  const halves = [entries.slice(0, cut), entries.slice(cut)].map(half => {
    const [begin, end] = [half[0][1].data_offsets[0], half[half.length - 1][1].data_offsets[1]]
    const moved = half.map(
      ([
        name,
        {
          data_offsets: [from, to],
          ...entry
        },
      ]) => {
        return [name, { ...entry, data_offsets: [from - begin, to - begin] }]
      },
    )
    return safetensorsFile(Object.fromEntries(moved), bytes.slice(dataBegin + begin, dataBegin + end))
  })
  const weightMap = Object.fromEntries(entries.map(([name], i) => [name, i < cut ? 'a.safetensors' : 'b.safetensors']))
  const { loaded } = await load({
    ...others,
    'model.safetensors.index.json': JSON.stringify({ weight_map: weightMap }),
    'a.safetensors': halves[0],
    'b.safetensors': halves[1],
  })
  const { loaded: expected } = await load(plain)
  const name = 'model.layers.1.mlp.up_proj.weight'
  expect([...loaded.keys()].sort()).toEqual([...expected.keys()].sort())
  expect(loaded.get(name)?.map(value => value + 0)).toEqual(expected.get(name)?.map(value => value + 0))
})

test('a bias that the model has not may be there if it is zero, as AutoGPTQ writes it', async () => {
  const { packed } = packedModel(CONFIG, 5, { method: 'gptq', group: 64 })
  const withBias = (value: number) => {
    const bytes = packed['model.safetensors'] as Uint8Array<ArrayBuffer>
    const dataBegin = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, dataBegin)))
    const end = bytes.length - dataBegin
    header['model.layers.1.mlp.up_proj.bias'] = { dtype: 'F16', shape: [256], data_offsets: [end, end + 512] }
    const data = Uint8Array.from([...bytes.subarray(dataBegin), ...new Uint8Array(511), value])
    return load({ ...packed, 'model.safetensors': safetensorsFile(header, data) })
  }
  expect((await withBias(0)).numIntegers).toBe(numLinear)
  await expect(withBias(1)).rejects.toThrow(
    'model.layers.1.mlp.up_proj.bias is not zero, but by config.json the model has',
  )
})

describe('quantization_config', () => {
  const GPTQ = { quant_method: 'gptq', bits: 4, group_size: 128, sym: true, desc_act: false }
  const AWQ = { quant_method: 'awq', bits: 4, zero_point: true, version: 'GEMM', group_size: 64 }
  const ROUND = { quant_method: 'auto-round', bits: 4, group_size: 128, sym: true, data_type: 'int' }

  /** What is read of a matrix of 256 rows and columns. */
  function encodingBy(quantization_config: Readonly<Record<string, unknown>>) {
    const { bits, group_size: size, packing_format: format } = quantization_config
    const [words, group] = [256 / (32 / Number(bits)), size === -1 ? 256 : Number(size)]
    const isAwq = quantization_config.quant_method === 'awq' || String(format).endsWith('awq')
    const shapes = {
      qweight: isAwq ? [256, words] : [words, 256],
      qzeros: [256 / group, words],
      scales: [256 / group, 256],
    }
    const entries = Object.entries(shapes).map(([part, shape]) => {
      return { name: `m.${part}`, dtype: part === 'scales' ? 'F16' : 'I32', shape, begin: 0, end: 0 } as const
    })
    const file = { name: 'f', dataBegin: 0, entries }
    const encoding = safetensorsCheckpoint('f', [file], readPacking({ quantization_config })).tensors.get(
      'm.weight',
    )?.encoding
    if (!encoding || !('parts' in encoding)) throw new Error('it has no parts')
    const { type, integers, unpacking } = encoding
    return { type, integers, ...unpacking }
  }

  test('says how zeros are stored and whether there are any', () => {
    expect(readPacking({})).toBeUndefined()
    const common = { kind: 'transposed', bits: 4, group: 128, isAwq: false, type: 'GPTQ' }
    const kept = { bits: 4, group: 128, hasZeros: false }
    expect(encodingBy(GPTQ)).toEqual({ ...common, isSymmetric: true, zeroOffset: 1, integers: kept })
    expect(encodingBy({ ...GPTQ, checkpoint_format: 'gptq_v2', sym: false })).toEqual({
      ...{ ...common, isSymmetric: false, zeroOffset: 0, integers: { ...kept, hasZeros: true } },
    })
    expect(encodingBy(AWQ)).toEqual({
      ...{ ...common, type: 'AWQ', group: 64, isAwq: true, isSymmetric: false, zeroOffset: 0 },
      integers: { bits: 4, group: 64, hasZeros: true },
    })
  })

  test('of 8 bits, of one group and of groups that are not runs is kept as far as it can be', () => {
    expect(encodingBy({ ...GPTQ, bits: 8 }).integers).toEqual({ bits: 8, group: 128, hasZeros: false })
    expect(encodingBy({ ...GPTQ, group_size: -1 })).toMatchObject({ group: 256, integers: { group: 128 } })
    expect(encodingBy({ ...GPTQ, group_size: 16 }).integers).toBe('other')
    expect(encodingBy({ ...GPTQ, desc_act: true }).integers).toBe('other')
  })

  test('AutoRound’s are GPTQ’s or AWQ’s', () => {
    for (const format of ['auto_round:auto_gptq', 'auto_round:gptq', undefined]) {
      expect(encodingBy({ ...ROUND, packing_format: format })).toEqual(encodingBy(GPTQ))
    }
    const extra_config = { lm_head: { bits: 16 }, 'model.layers.0': { bits: 4 } }
    expect(encodingBy({ ...ROUND, backend: 'auto_round:gptq:exllamav2', extra_config })).toEqual(encodingBy(GPTQ))
    expect(encodingBy({ ...ROUND, packing_format: 'auto_round:auto_awq' })).toMatchObject({
      type: 'AWQ',
      isSymmetric: true,
    })
  })

  test.each<readonly [object, string]>([
    ...['hqq', 'eetq', 'torchao', 'exl2', 'mxfp4', 'quark'].map(
      method =>
        [{ quant_method: method }, `quant_method is "${method}"; supported are gptq, awq, auto-round, fp8,`] as const,
    ),
    [{ quant_method: 'torchao', quant_type: 'int4wo' }, 'quant_method is "torchao" and its format "int4wo"; supported'],
    [{ quant_method: undefined, load_in_4bit: false }, 'quant_method is "bitsandbytes", with load_in_8bit false and'],
    [{ quant_method: undefined, config_groups: {} }, 'config_groups is {}, but must be an object with a group'],
    [{ quant_method: undefined, mode: 'mxfp4' }, 'mode is "mxfp4"; only "affine" is supported'],
    [
      { quant_method: undefined, quant_algo: 'NVFP4' },
      'quant_method is "modelopt" and quant_algo is "NVFP4"; only "FP8"',
    ],
    [
      { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_storage: 'bfloat16' },
      'bnb_4bit_quant_storage is "bfloat16"; only "uint8"',
    ],
    [{ quant_method: 'fp8', fmt: 'e5m2' }, 'fmt is "e5m2"; only "e4m3"'],
    [{ bits: 3 }, 'bits is 3; supported are 4, 8'],
    [{ group_size: 0 }, 'group_size is 0, but must be a whole number from 1 to 1048576'],
    [{ checkpoint_format: 'marlin' }, 'checkpoint_format is "marlin"; supported are "gptq", "gptq_v2"'],
    [{ dynamic: { '+:.*': { bits: 8 } } }, 'all layers must be quantised alike'],
    [{ ...AWQ, version: 'gemv' }, 'version is "gemv"; only "gemm"'],
    [{ ...AWQ, zero_point: false }, 'zero_point is false; only true'],
    [{ ...AWQ, bits: 8 }, 'bits is 8; only 4'],
    [
      { ...ROUND, packing_format: 'auto_round:llm_compressor' },
      'and packing_format is "auto_round:llm_compressor"; supp',
    ],
    [{ ...ROUND, extra_config: { a: { bits: 8 } } }, 'extra_config is {"a":{"bits":8}}; all layers must be'],
    [{ ...ROUND, data_type: 'mx_fp' }, 'data_type is "mx_fp"; only "int"'],
  ])('%j is unsupported', (changed, message) => {
    const read = () => readPacking({ quantization_config: { ...GPTQ, ...changed } })
    expect(read).toThrow(CoppiceError)
    expect(read).toThrow(message)
  })
})

test.each([
  ['quantization', { group_size: 64, bits: 4, mode: 'nvfp4' }, 'quantization: mode is "nvfp4"; only "affine"'],
  [
    'compression_config',
    { format: 'marlin-24', config_groups: { a: { weights: {} } } },
    'and format is "marlin-24"; supp',
  ],
  ['quantization_config', { quant_method: 'hqq' }, 'Or use the model from which it was quantised.'],
])(
  '%s of config.json is refused for what it is, before fields that only its files have',
  async (field, value, message) => {
    const plain = { ...CONFIG, max_position_embeddings: 64 }
    const config = { ...plain, unheard_of: 1, [field]: value }
    const describe = (config: JsonObject) => {
      return describeModel({
        config,
        generationConfig: undefined,
        tokenizer: {},
        tokenizerConfig: undefined,
        chatTemplate: undefined,
      })
    }
    await expect(describe(config)).rejects.toThrow(UnsupportedModel)
    await expect(describe(config)).rejects.toThrow(message)
    await expect(describe({ ...config, architectures: ['Any'] })).rejects.toThrow('architectures is ["Any"]; supported')
    expect(await describe({ ...plain, [field]: null })).toEqual(parseModelConfig(plain))
  },
)

describe('a quantised matrix is refused', () => {
  const { packed } = packedModel(CONFIG, 5, { method: 'gptq', group: 64, order: 'shuffled' })
  const bytes = packed['model.safetensors'] as Uint8Array<ArrayBuffer>
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true))
  const data = bytes.slice(8 + headerBytes)
  type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>
  const PART = 'model.layers.0.mlp.up_proj'

  const changed = (change: (header: Header, data: Uint8Array<ArrayBuffer>) => void, config: object = {}) => {
    const header: Header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)))
    const copy = data.slice()
    change(header, copy)
    const settings = JSON.parse(String(packed['config.json']))
    Object.assign(settings.quantization_config, config)
    return load({
      ...packed,
      'config.json': JSON.stringify(settings),
      'model.safetensors': safetensorsFile(header, copy),
    })
  }

  test.each<[string, (header: Header, data: Uint8Array<ArrayBuffer>) => void, string, object?]>([
    [
      'without a part',
      header => {
        header.odd = header[`${PART}.scales`]
        delete header[`${PART}.scales`]
      },
      `${PART}.scales is missing`,
    ],
    [
      'beside the matrix that it was made from',
      header => {
        const [, end] = Object.values(header).reduce((a, b) =>
          b.data_offsets[1] > a.data_offsets[1] ? b : a,
        ).data_offsets
        header[`${PART}.weight`] = { dtype: 'F16', shape: [0], data_offsets: [end, end] }
      },
      `model.safetensors holds tensor ${PART}.weight, which is there already.`,
    ],
    ['in other groups than config.json says', () => undefined, 'must be I32 [4,', { group_size: 32 }],
    [
      'with an input in a group that is not there',
      (header, data) => data.fill(255, ...header[`${PART}.g_idx`].data_offsets),
      `input 0 of ${PART}.weight is in group -1 of 2`,
    ],
    ['that is symmetric by config.json and is not', () => undefined, 'is symmetric by config.json', { sym: true }],
    [
      'with a scale that is not finite',
      (header, data) => data.fill(0x7f, ...header[`${PART}.scales`].data_offsets),
      `tensor ${PART}.weight holds NaN at [row 0, element 0]`,
    ],
  ])('%s', async (_, change, message, config) => {
    await expect(changed(change, config)).rejects.toThrow(CorruptCheckpoint)
    await expect(changed(change, config)).rejects.toThrow(message)
  })
})
