import { expect, test } from 'vitest'
import { CoppiceError, CorruptCheckpoint, DownloadFailed } from '../../../src/core/errors'
import { openSafetensors } from '../../../src/loader/safetensors/checkpoint'
import type { ModelSource } from '../../../src/loader/sources/source'
import type { TensorShapes } from '../../../src/loader/weights/check-tensors'
import { type LoadProgress, type StreamOptions, streamRows } from '../../../src/loader/weights/stream-rows'
import { random } from '../../support/random'
import { type Files, memorySource, safetensorsFile } from '../memory-source'

/** Two tensors of f32: a [3, 2] and b [2], with the values 0 to 7. */
const HEADER = {
  a: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] },
  b: { dtype: 'F32', shape: [2], data_offsets: [24, 32] },
}
const DATA = new Uint8Array(Float32Array.from({ length: 8 }, (_, i) => i).buffer)
const SHAPES: TensorShapes = new Map([
  ['a', [3, 2]],
  ['b', [2]],
])
const SINGLE: Files = { 'model.safetensors': safetensorsFile(HEADER, DATA) }

const INDEX = 'model.safetensors.index.json'
const SHARDED: Files = {
  [INDEX]: JSON.stringify({ metadata: { total_size: 32 }, weight_map: { b: 's-2.safetensors', a: 's-1.safetensors' } }),
  's-1.safetensors': safetensorsFile({ a: HEADER.a }, DATA.subarray(0, 24)),
  's-2.safetensors': safetensorsFile({ b: { ...HEADER.b, data_offsets: [0, 8] } }, DATA.subarray(24)),
}

/** Every slab as [name, firstRow, values]. */
async function load(source: ModelSource, shapes = SHAPES, options?: StreamOptions) {
  const slabs: [string, number, number[]][] = []
  const checkpoint = await openSafetensors(source, undefined, options?.signal)
  for await (const { name, firstRow, bytes } of streamRows(source, checkpoint, shapes, options)) {
    slabs.push([name, firstRow, [...new Float32Array(bytes.buffer)]])
  }
  return slabs
}

test.each([
  ['one file', SINGLE],
  ['shards', SHARDED],
])('the tensors of %s come in file order, in slabs of whole rows', async (_, files) => {
  expect(await load(memorySource(files))).toEqual([
    ['a', 0, [0, 1, 2, 3, 4, 5]],
    ['b', 0, [6, 7]],
  ])
})

test('slabs are whole tiles of 16 rows, as many as the limit allows, but at least one', async () => {
  const numRows = 70
  const header = { a: { dtype: 'F32', shape: [numRows, 2], data_offsets: [0, numRows * 8] } }
  const values = Float32Array.from({ length: numRows * 2 }, (_, i) => i)
  const source = memorySource({ 'model.safetensors': safetensorsFile(header, new Uint8Array(values.buffer)) })
  for (const [limit, firstRows] of [
    [1, [0, 16, 32, 48, 64]],
    [32, [0, 16, 32, 48, 64]],
    [70, [0, 32, 64]],
    [1000, [0]],
  ] as const) {
    const slabs = await load(source, new Map([['a', [numRows, 2]]]), { maxSlabElements: limit })
    expect(slabs.map(([, firstRow]) => firstRow)).toEqual(firstRows)
    expect(slabs.flatMap(([, , elements]) => elements)).toEqual([...values])
  }
})

test('each file is opened twice, for its header and for its weights', async () => {
  const single = memorySource(SINGLE)
  await load(single)
  expect(single.opened).toEqual(['model.safetensors', 'model.safetensors'])
  const sharded = memorySource(SHARDED)
  const shards = ['s-1.safetensors', 's-2.safetensors']
  await load(sharded)
  expect(sharded.opened).toEqual(['model.safetensors', INDEX, ...shards, ...shards])
})

test('progress counts the bytes of tensors up to the total', async () => {
  const seen: LoadProgress[] = []
  await load(memorySource(SHARDED), SHAPES, { onProgress: progress => seen.push(progress) })
  expect(seen).toEqual([
    { file: 's-1.safetensors', loadedBytes: 24, totalBytes: 32, fileLoadedBytes: 24, fileTotalBytes: 24 },
    { file: 's-2.safetensors', loadedBytes: 32, totalBytes: 32, fileLoadedBytes: 8, fileTotalBytes: 8 },
  ])
})

test('rotary buffers and a tied LM head may be there and are skipped', async () => {
  const name = 'model.layers.0.self_attn.rotary_emb.inv_freq'
  const header = {
    [name]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    'lm_head.weight': { dtype: 'F32', shape: [1, 1], data_offsets: [4, 8] },
    b: { dtype: 'F32', shape: [2], data_offsets: [8, 16] },
  }
  const source = memorySource({ 'model.safetensors': safetensorsFile(header, DATA.subarray(16)) })
  expect(await load(source, new Map([['b', [2]]]))).toEqual([['b', 0, [6, 7]]])
})

test.each<[string, Files, TensorShapes, string]>([
  [
    'a missing tensor',
    SINGLE,
    new Map([...SHAPES, ['c', [1]]]),
    'model.safetensors lacks tensor c, which the model needs.',
  ],
  [
    'a missing tensor in the index',
    SHARDED,
    new Map([...SHAPES, ['c', [1]]]),
    `${INDEX} lacks tensor c, which the model needs.`,
  ],
  [
    'many missing tensors',
    SINGLE,
    new Map([...SHAPES, ...[...'cdefghi'].map((name): [string, number[]] => [name, [1]])]),
    'model.safetensors lacks tensors c, d, e, f, g and 2 more, which the model needs.',
  ],
  [
    'a surplus tensor',
    SINGLE,
    new Map([['b', [2]]]),
    'model.safetensors holds tensor a, which the model as config.json describes it has no use for.',
  ],
  [
    'a wrong shape',
    SINGLE,
    new Map([...SHAPES, ['a', [2, 3]]]),
    'model.safetensors: tensor a has shape [3,2], but by config.json it must be [2,3].',
  ],
  [
    'a tensor that the index puts elsewhere',
    { ...SHARDED, 's-1.safetensors': SHARDED['s-2.safetensors'] },
    SHAPES,
    `s-1.safetensors lacks tensor a, which ${INDEX} puts there.`,
  ],
  [
    'a tensor that the index does not name',
    { ...SHARDED, 's-1.safetensors': safetensorsFile(HEADER, DATA) },
    SHAPES,
    `s-1.safetensors holds tensor b, which ${INDEX} does not put there.`,
  ],
  [
    'a shard outside the folder',
    { [INDEX]: JSON.stringify({ weight_map: { a: '../other/s-1.safetensors' } }) },
    SHAPES,
    `${INDEX} puts tensor a in "../other/s-1.safetensors", which is not a .safetensors file name.`,
  ],
  ['an index without a map', { [INDEX]: '{}' }, SHAPES, `${INDEX}: weight_map is undefined, not an object.`],
  [
    'bytes after the end',
    { 'model.safetensors': safetensorsFile(HEADER, Uint8Array.of(...DATA, 1)) },
    SHAPES,
    `model.safetensors goes on after byte ${8 + JSON.stringify(HEADER).length + 32}, where by its header the last tensor ends.`,
  ],
])('%s is corrupt, and said so before the weights of the file', async (_, files, shapes, message) => {
  const promise = load(memorySource(files), shapes)
  await expect(promise).rejects.toThrow(CorruptCheckpoint)
  await expect(promise).rejects.toThrow(message)
})

test('a truncated file is corrupt wherever it ends, with both numbers', async () => {
  const file = safetensorsFile(HEADER, DATA)
  const headerEnd = file.length - 32
  const cases: [number, string][] = [
    [5, 'model.safetensors is truncated: it ends at byte 5, in its first 8 bytes, which goes on to byte 8.'],
    [20, `model.safetensors is truncated: it ends at byte 20, in the header, which goes on to byte ${headerEnd}.`],
    [
      headerEnd + 9,
      `it ends at byte ${headerEnd + 9}, in tensor a, row 0 of 3, which goes on to byte ${headerEnd + 24}. Download it again.`,
    ],
  ]
  for (const [length, message] of cases) {
    const promise = load(memorySource({ 'model.safetensors': file.slice(0, length) }))
    await expect(promise).rejects.toThrow(CorruptCheckpoint)
    await expect(promise).rejects.toThrow(message)
  }
})

test('a model without weights, or without one of its shards, names the missing file', async () => {
  const empty = load(memorySource({}))
  await expect(empty).rejects.toThrow(DownloadFailed)
  await expect(empty).rejects.toThrow(`memory has no file model.safetensors or ${INDEX}.`)
  const { 's-2.safetensors': _, ...rest } = SHARDED
  await expect(load(memorySource(rest))).rejects.toThrow('memory has no file s-2.safetensors.')
})

test("aborting rejects with the signal's reason, before and between slabs", async () => {
  const reason = new Error('changed my mind')
  await expect(load(memorySource(SINGLE), SHAPES, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const controller = new AbortController()
  const options = { signal: controller.signal, onProgress: () => controller.abort(reason) }
  await expect(load(memorySource(SINGLE), SHAPES, options)).rejects.toBe(reason)
})

test('aborting ends a read that waits for bytes', async () => {
  const stalled: ModelSource = {
    name: 'stalled',
    open: async () => new ReadableStream(),
  }
  const controller = new AbortController()
  const promise = load(stalled, SHAPES, { signal: controller.signal })
  setTimeout(() => controller.abort(), 10)
  await expect(promise).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
})

test('a caller that stops early closes the stream', async () => {
  let isCancelled = false
  const file = safetensorsFile(HEADER, DATA)
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: controller => controller.enqueue(file),
    cancel() {
      isCancelled = true
    },
  })
  const checkpoint = await openSafetensors(memorySource(SINGLE), undefined)
  for await (const _ of streamRows({ name: 'x', open: async () => stream }, checkpoint, SHAPES)) break
  expect(isCancelled).toBe(true)
})

test('a stream that fails is a failed download, with its cause', async () => {
  const cause = new TypeError('network error')
  const stream = new ReadableStream({ start: controller => controller.error(cause) })
  await expect(load({ name: 'x', open: async () => stream })).rejects.toThrow(
    expect.objectContaining({ name: 'DownloadFailed', cause }),
  )
})

test('any truncation or flipped bits load or fail with a typed error, and never hang', async () => {
  const seed = Date.now() % 1e6
  const { int } = random(seed)
  const intact = safetensorsFile(HEADER, DATA)
  let numErrors = 0
  for (let round = 0; round < 4000; round++) {
    const file = intact.slice(0, int(0, 3) === 0 ? int(0, intact.length) : intact.length)
    for (let flips = int(0, 4); flips > 0 && file.length > 0; flips--) file[int(0, file.length)] ^= 1 << int(0, 8)
    try {
      await load(memorySource({ 'model.safetensors': file }, 1000))
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw new Error(`seed ${seed}, round ${round}: untyped`, { cause: error })
      numErrors++
    }
  }
  expect(numErrors, `seed ${seed}`).toBeGreaterThan(2000)
})
