import { expect, test } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import { createEngine } from '../../src/index'
// which an engine loads when it needs it: here its turns are counted
import '../../src/tokenizer'
import { countingGpu } from './counting-gpu'
import { tinyModel } from './open'

const never = () => new Promise<never>(() => undefined)
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

test.each([true, false])(
  'an abort while kernels compile, after the weights, rejects at once and frees everything, tuning %s',
  async tuning => {
    const { gpu, alive } = countingGpu({ createComputePipelineAsync: never })
    const abort = new AbortController()
    let isLoaded = false
    const loading = createEngine(tinyModel(), {
      blocks: 64,
      gpu,
      study: { tuning },
      signal: abort.signal,
      onProgress: ({ phase, done, of }) => {
        isLoaded ||= phase === 'weights' && done === of
      },
    })
    loading.catch(() => undefined)
    // with tuning and no clock on the GPU, weights wait for the kernels
    for (let turn = 0; turn < 5000 && !isLoaded && !(tuning && alive.buffers > 0); turn++) await turns(1)
    await turns(20)
    expect(alive.devices).toBe(1)
    expect(alive.buffers).toBeGreaterThan(0)
    abort.abort(new Error('enough'))
    await expect(loading).rejects.toThrow('enough')
    await turns(50)
    expect(alive).toEqual({ buffers: 0, devices: 0 })
  },
)

test.each([true, false])('loading tells of each part, from its beginning to its end, tuning %s', async tuning => {
  const seen: string[] = []
  const { gpu } = countingGpu()
  const engine = await createEngine(tinyModel(), {
    blocks: 64,
    gpu,
    study: { tuning },
    onProgress: ({ phase, done, of, text }) => {
      expect(text).not.toBe('')
      seen.push(`${phase} ${done / of}`)
    },
  })
  engine.dispose()
  expect(seen.slice(0, 4)).toEqual(['files 0', 'files 1', 'memory 0', 'memory 1'])
  for (const phase of ['weights', 'kernels', ...(tuning ? ['tuning'] : [])]) {
    expect(seen.findLast(each => each.startsWith(phase))).toBe(`${phase} 1`)
  }
  expect(seen.some(each => each.startsWith('tuning'))).toBe(tuning)
})

test('an abort while the device is awaited rejects at once, and the device that comes later is freed', async () => {
  const { gpu, alive } = countingGpu()
  const { promise: given, resolve: give } = new Deferred<void>()
  const slow = {
    requestAdapter: async () => {
      const adapter = (await gpu.requestAdapter()) as GPUAdapter
      return { ...adapter, requestDevice: () => given.then(() => adapter.requestDevice()) }
    },
  } as unknown as GPU
  const abort = new AbortController()
  const loading = createEngine(tinyModel(), { gpu: slow, signal: abort.signal })
  loading.catch(() => undefined)
  await turns(100)
  abort.abort(new Error('enough'))
  await expect(loading).rejects.toThrow('enough')
  give()
  await turns(20)
  expect(alive).toEqual({ buffers: 0, devices: 0 })
})

test('kernels that cannot be compiled reject, and free everything before that', async () => {
  const createComputePipelineAsync = () => Promise.reject(new Error('no such shader'))
  const { gpu, alive } = countingGpu({ createComputePipelineAsync })
  await expect(createEngine(tinyModel(), { blocks: 64, gpu, study: { tuning: false } })).rejects.toThrow()
  expect(alive).toEqual({ buffers: 0, devices: 0 })
})
