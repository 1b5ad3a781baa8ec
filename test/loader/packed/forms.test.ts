import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint } from '../../../src/core/errors'
import type { JsonObject } from '../../../src/core/json'
import { dequantize } from '../../../src/core/quantize'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { openCheckpoint, readModelFiles } from '../../../src/loader/model-files'
import { readPacking } from '../../../src/loader/packed'
import { decodeRows } from '../../../src/loader/weights/decode-rows'
import { streamRows } from '../../../src/loader/weights/stream-rows'
import { FORMS } from '../../support/packed-forms'
import { packedFormModel } from '../../support/seeded-packed'
import { type SeededConfig, seededTensors } from '../../support/seeded-weights'
import { type Files, memorySource } from '../memory-source'

/** k and v have 72 rows, and o has 576 columns: tiles and blocks of 128 are not full. */
const CONFIG: SeededConfig = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 270,
  hidden_size: 192,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 8,
  num_key_value_heads: 1,
  head_dim: 72,
  max_position_embeddings: 64,
  tie_word_embeddings: false,
  attention_bias: false,
  mlp_bias: false,
}

/** All tensors of a model, each whole, by name, and how many weights came as integers. */
async function load(files: Files, config: SeededConfig = CONFIG) {
  const expected = new Map(seededTensors(config).map(({ name, shape }) => [name, shape]))
  const source = memorySource(files, 9_999)
  const read = await readModelFiles(source)
  const checkpoint = await openCheckpoint(source, read, parseModelConfig(read.config))
  const loaded = new Map<string, Float32Array>()
  let numIntegers = 0
  for await (const raw of streamRows(source, checkpoint, expected, { maxSlabElements: 6000 })) {
    const { name, firstRow, numRows, cols } = raw
    const rows = decodeRows(raw, true)
    if (!(rows instanceof Float32Array)) {
      numIntegers += numRows * cols
      expect(cols % rows.group).toBe(0)
    }
    const whole = loaded.get(name) ?? new Float32Array((expected.get(name) ?? []).reduce((a, b) => a * b, 1))
    whole.set(rows instanceof Float32Array ? rows : dequantize(rows), firstRow * cols)
    loaded.set(name, whole)
  }
  return { loaded, numIntegers, checkpoint }
}

describe.each(Object.entries(FORMS))('%s', (_, form) => {
  test.each([false, true])('stands for the weights of its definition; tensors in any order: %s', async isShuffled => {
    const { packed, plain } = packedFormModel(CONFIG, 3, form, isShuffled)
    const { loaded, numIntegers } = await load(packed)
    const { loaded: expected } = await load(plain)
    expect([...loaded.keys()].sort()).toEqual([...expected.keys()].sort())
    for (const [name, values] of expected) {
      const actual = loaded.get(name) ?? new Float32Array(0)
      expect(actual.length).toBe(values.length)
      const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
      const wrong = actual.findIndex((value, i) => !(Math.abs(value - values[i]) <= (form.tolerance ?? 0) * most))
      expect(wrong, `${name}: ${actual[wrong]} for ${values[wrong]}`).toBe(-1)
    }
    expect(numIntegers > 0).toBe(form.isKept)
  })

  test('a part that is missing or has another shape is told of by its name', async () => {
    const { packed } = packedFormModel(CONFIG, 3, form)
    const bytes = packed['model.safetensors'] as Uint8Array<ArrayBuffer>
    const begin = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const header = new TextDecoder().decode(bytes.subarray(8, begin))
    const parts = [
      ...header.matchAll(/"(model\.layers\.0\.mlp\.up_proj\.[^"]*)":\{"dtype":"[^"]*","shape":\[([^\]]*)\]/g),
    ]
    const needed = parts.filter(([, name]) => !/(_shape|weight_format|(input|activation)_scale)$/.test(name))
    expect(needed.length).toBeGreaterThan(1)
    for (const [entry, name] of needed) {
      const other = entry.replace(name, `${'x'.repeat(name.length)}`)
      const changed = new TextEncoder().encode(header.replace(entry, other))
      const files = {
        ...packed,
        'model.safetensors': new Uint8Array(Buffer.concat([bytes.subarray(0, 8), changed, bytes.subarray(begin)])),
      }
      const error = await load(files).catch((reason: unknown) => reason)
      expect(error, name).toBeInstanceOf(CorruptCheckpoint)
      expect(String(error)).toMatch(/(mlp\.up_proj|x+)\.\w+ is missing/)
    }
  })
})

test('the text part of a multimodal model has the quantisation of the whole: Ministral 3 as it is published', async () => {
  const form = FORMS['FP8, a scale for a matrix']
  const { packed, plain } = packedFormModel(CONFIG, 3, form)
  const { architectures: _, max_position_embeddings, ...sizes } = CONFIG
  const config = {
    architectures: ['Mistral3ForConditionalGeneration'],
    ...{ model_type: 'mistral3', vision_config: { model_type: 'pixtral' }, ...form.config },
    text_config: { ...sizes, max_position_embeddings, model_type: 'mistral', attention_bias: null, mlp_bias: null },
  }
  const files = { ...packed, 'config.json': JSON.stringify(config) }
  expect((await load(files)).loaded).toEqual((await load(plain)).loaded)
})

test('two groups of compressed-tensors that differ are refused, with both by name', () => {
  const config = FORMS['compressed INT4, rows'].config.quantization_config as { config_groups: { group_0: JsonObject } }
  const weights = { ...(config.config_groups.group_0.weights as JsonObject), num_bits: 8 }
  const groups = { ...config.config_groups, group_1: { weights } }
  const read = () => readPacking({ quantization_config: { ...config, config_groups: groups } })
  expect(read).toThrow('quant_method is "compressed-tensors" and groups group_0 and group_1 differ; supported are')
})

test('MLX’s settings of a module are read by its name', async () => {
  const { packed, plain } = packedFormModel(CONFIG, 3, FORMS['MLX, 8 bits'])
  const config = JSON.parse(String(packed['config.json']))
  const names = seededTensors(CONFIG).map(({ name }) => name.replace('.weight', ''))
  const quantization = {
    group_size: 32,
    bits: 4,
    ...Object.fromEntries(names.map(name => [name, { group_size: 64, bits: 8 }])),
  }
  const files = {
    ...packed,
    'config.json': JSON.stringify({ ...config, quantization, quantization_config: quantization }),
  }
  expect((await load(files)).loaded.get('model.norm.weight')).toEqual(
    (await load(plain)).loaded.get('model.norm.weight'),
  )
})
