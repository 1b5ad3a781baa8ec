import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, DownloadFailed, UnsupportedModel } from '../../../src/core/errors'
import { dequantize } from '../../../src/core/quantize'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { ggufCheckpoint } from '../../../src/loader/gguf/checkpoint'
import { ggufConfig } from '../../../src/loader/gguf/config'
import { openGguf } from '../../../src/loader/gguf/model'
import { splitFiles } from '../../../src/loader/sources/split-files'
import { decodeRows } from '../../../src/loader/weights/decode-rows'
import type { Dtype } from '../../../src/loader/weights/dtype'
import { streamRows } from '../../../src/loader/weights/stream-rows'
import { type SeededConfig, seededTensors, seededValues } from '../../support/seeded-weights'
import { memorySource } from '../memory-source'
import { seededFields, seededTensorInputs } from './seeded-gguf'
import { type Field, type TensorInput, U16, writeGguf } from './write-gguf'

interface Fixture {
  readonly name: string
  readonly seed: number
  readonly config: SeededConfig
}

const fixtures = Object.values(
  import.meta.glob<Fixture>('../../fixtures/llama/*.json', { import: 'default', eager: true }),
)
const { config, seed } = fixtures[0]
const FIELDS = seededFields(config)
const TENSORS = seededTensorInputs(config, seed, 'F32')

function shapesOf(each: SeededConfig): ReadonlyMap<string, readonly number[]> {
  return new Map(seededTensors(each).map(({ name, shape }) => [name, shape]))
}

/** Files of a model whose tensors are cut into `numFiles` parts. */
function ggufFiles(fields: readonly Field[], tensors: readonly TensorInput[], numFiles = 1) {
  if (numFiles === 1) return { 'model.gguf': writeGguf({ fields, tensors }) }
  const perFile = Math.ceil(tensors.length / numFiles)
  const number = (value: number) => String(value).padStart(5, '0')
  return Object.fromEntries(
    Array.from({ length: numFiles }, (_, part) => {
      const split: Field[] = [
        ['split.no', U16, part],
        ['split.count', U16, numFiles],
      ]
      const some = tensors.slice(part * perFile, (part + 1) * perFile)
      const bytes = writeGguf({ fields: [...(part === 0 ? fields : []), ...split], tensors: some })
      return [`model-${number(part + 1)}-of-${number(numFiles)}.gguf`, bytes]
    }),
  )
}

/** All tensors of a model, each whole, by name. */
async function load(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  expected: ReadonlyMap<string, readonly number[]>,
  maxSlabElements = 5_000,
): Promise<Map<string, Float32Array>> {
  const loaded = new Map<string, Float32Array>()
  const source = memorySource(files, 9_999)
  const model = await openGguf(source, Object.keys(files)[0])
  const checkpoint = ggufCheckpoint(model, parseModelConfig(ggufConfig(model, {})))
  for await (const raw of streamRows(source, checkpoint, expected, { maxSlabElements })) {
    const { name, firstRow } = raw
    expect(firstRow % 16).toBe(0)
    const rows = decodeRows(raw, false)
    const values = rows instanceof Float32Array ? rows : dequantize(rows)
    const shape = expected.get(name) ?? []
    const whole = loaded.get(name) ?? new Float32Array(shape.reduce((product, size) => product * size, 1))
    whole.set(values, firstRow * (shape[1] ?? 0))
    loaded.set(name, whole)
  }
  return loaded
}

/** Bytes, because a comparison of a million elements one by one takes seconds. */
function hasSameBits(a: Float32Array | undefined, b: Float32Array): boolean {
  return a !== undefined && Buffer.from(a.buffer).equals(Buffer.from(b.buffer))
}

const loadChanged = (tensors: readonly TensorInput[], fields: readonly Field[] = FIELDS) =>
  load(ggufFiles(fields, tensors), shapesOf(config))

describe.each(fixtures)('$name', fixture => {
  test.each<[Dtype, number]>([
    ['F32', 1],
    ['F16', 2],
    ['BF16', 3],
  ])('weights in %s, in %i files, are those of the safetensors checkpoint', async (dtype, numFiles) => {
    const fields = seededFields(fixture.config)
    const tensors = seededTensorInputs(fixture.config, fixture.seed, dtype)
    const loaded = await load(ggufFiles(fields, tensors, numFiles), shapesOf(fixture.config))
    for (const tensor of seededTensors(fixture.config)) {
      const values = new Float32Array(tensor.shape.reduce((product, size) => product * size, 1))
      seededValues(fixture.seed, tensor, 0, values)
      expect(hasSameBits(loaded.get(tensor.name), values), tensor.name).toBe(true)
    }
  })
})

test('a part has the names of all parts, any other file is the only one', () => {
  expect(splitFiles('a-00002-of-00003.gguf')).toEqual([1, 2, 3].map(part => `a-0000${part}-of-00003.gguf`))
  for (const name of ['a.gguf', 'a-00001-of-00000.gguf', 'a-1-of-2.gguf']) expect(splitFiles(name)).toEqual([name])
})

describe('a checkpoint that is not the model is refused', () => {
  test('a missing tensor', async () => {
    await expect(loadChanged(TENSORS.slice(1))).rejects.toThrow(
      'model.gguf lacks tensor model.embed_tokens.weight, which the model needs.',
    )
  })

  test('a tensor that no Llama has', async () => {
    const odd = { ...TENSORS[1], name: 'blk.0.attn_q_norm.weight' }
    await expect(loadChanged([...TENSORS, odd])).rejects.toThrow(UnsupportedModel)
    await expect(loadChanged([...TENSORS, odd])).rejects.toThrow(
      'tensor blk.0.attn_q_norm.weight is none that the architecture llama has',
    )
  })

  test('a tensor of another shape', async () => {
    const [embedding, ...others] = TENSORS
    const turned = { ...embedding, shape: embedding.shape.toReversed() }
    await expect(loadChanged([turned, ...others])).rejects.toThrow(
      `tensor token_embd.weight has shape [${turned.shape}], but by the metadata it must be [${embedding.shape}].`,
    )
  })

  test('an infinity or a NaN, where it is', async () => {
    const [embedding, ...others] = TENSORS
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const data = new Float32Array(embedding.data.slice().buffer)
      data[3 * config.hidden_size + 5] = value
      const changed = { ...embedding, data: new Uint8Array(data.buffer) }
      await expect(loadChanged([changed, ...others])).rejects.toThrow(
        `tensor model.embed_tokens.weight holds ${value} at [row 3, element 5].`,
      )
    }
  })

  test('a file that ends early, or goes on', async () => {
    const file = ggufFiles(FIELDS, TENSORS)['model.gguf']
    const shorter = load({ 'model.gguf': file.slice(0, -100) }, shapesOf(config))
    await expect(shorter).rejects.toThrow(`model.gguf is truncated: it ends at byte ${file.length - 100}, in tensor`)
    const longer = new Uint8Array(file.length + 32)
    longer.set(file)
    await expect(load({ 'model.gguf': longer }, shapesOf(config))).rejects.toThrow('model.gguf goes on after byte')
  })

  test('a part that is missing, or in the place of another', async () => {
    const files = ggufFiles(FIELDS, TENSORS, 2)
    const [[firstName, first], [secondName, second]] = Object.entries(files)
    await expect(load({ [firstName]: first }, shapesOf(config))).rejects.toThrow(DownloadFailed)
    await expect(load({ [firstName]: second, [secondName]: first }, shapesOf(config))).rejects.toThrow(
      `${firstName} says that it is part 2 of 2, but by its name it is part 1 of 2.`,
    )
    await expect(load({ 'model.gguf': first }, shapesOf(config))).rejects.toThrow(CorruptCheckpoint)
  })
})
