import { expect, test, vi } from 'vitest'
import { nullGpu } from '../../src/bench/common/null-gpu'
import { Deferred } from '../../src/core/deferred'
import { pause } from '../../src/core/pause'
import {
  createEngine,
  DeviceLost,
  Disposed,
  DownloadFailed,
  type EngineOptions,
  type EngineProgress,
  InvalidRequest,
  type ModelSource,
} from '../../src/index'
// which an engine loads when it needs it: here its turns are counted
import '../../src/tokenizer'
import { tinyModel } from './open'

const long = { maxTokens: 60, ignoreEos: true }

/** A GPU whose devices can be lost one by one, and that counts their buffers that live. */
function fragileGpu() {
  const devices: { lose: () => void; buffers: number }[] = []
  const requestAdapter = async () => {
    const { promise: lost, resolve } = new Deferred<object>()
    const adapter = (await nullGpu(() => undefined, { mapAsync: pause, lost }).requestAdapter()) as GPUAdapter
    const requestDevice = async () => {
      const device = await adapter.requestDevice()
      const held = { lose: () => resolve({ reason: 'unknown', message: 'a driver reset' }), buffers: 0 }
      devices.push(held)
      const createBuffer = (descriptor: GPUBufferDescriptor) => {
        held.buffers++
        return { ...device.createBuffer(descriptor), destroy: () => held.buffers-- }
      }
      return { ...device, createBuffer }
    }
    return { ...adapter, requestDevice }
  }
  return { gpu: { requestAdapter } as unknown as GPU, devices }
}

/** A model that counts how often its weights are opened, can be taken away, and may keep those waiting who open it again. */
function countedModel() {
  const model = tinyModel()
  const state = { numOpened: 0, isGone: false, again: Promise.resolve() }
  const source: ModelSource = {
    ...model,
    open: async (file, signal, begin) => {
      if (file === 'model.safetensors' && begin !== undefined && begin > 0) state.numOpened++
      if (state.numOpened > 1) await state.again
      if (state.isGone) throw new DownloadFailed('model.safetensors is not there any more.')
      return model.open(file, signal, begin)
    },
  }
  return { source, state }
}

const small: EngineOptions = { blocks: 64, onLost: 'revive', study: { tuning: false } }

test('another device has the same plan, and the weights of the same source; the old one holds nothing', async () => {
  const { gpu, devices } = fragileGpu()
  const { source, state } = countedModel()
  const onProgress = vi.fn<(progress: EngineProgress) => void>()
  const loading = new AbortController()
  const engine = await createEngine(source, { ...small, gpu, onProgress, signal: loading.signal })
  const { memory, decisions, weights } = engine
  const { gpuBytes, submits } = await engine.stats()
  expect(state.numOpened).toBe(1)
  const progress = onProgress.mock.calls.length
  // what stops the loading, and comes after it, stops nothing
  loading.abort()
  const running = engine.generate([[1, 2, 3]], long).all()
  devices[0].lose()
  expect((await running)[0].tokenIds).toHaveLength(60)
  expect(state.numOpened).toBe(2)
  // the files are as they were
  const [first, again] = [onProgress.mock.calls.slice(0, progress), onProgress.mock.calls.slice(progress)]
  expect(again).toEqual(first.filter(([{ phase }]) => phase !== 'files'))
  const stats = await engine.stats()
  expect(stats).toMatchObject({ revivals: 1, running: 0, waiting: 0 })
  // but for readbacks, which are made when they are needed
  expect(stats.gpuBytes).toBeGreaterThanOrEqual(gpuBytes)
  expect(stats.submits).toBeGreaterThan(submits)
  expect([engine.memory, engine.decisions, engine.weights]).toEqual([memory, decisions, weights])
  expect(devices).toHaveLength(2)
  expect(devices[0].buffers).toBe(0)
  engine.dispose()
  expect(devices[1].buffers).toBe(0)
})

test('a model that is gone ends the engine with both causes', async () => {
  const { gpu, devices } = fragileGpu()
  const { source, state } = countedModel()
  const engine = await createEngine(source, { ...small, gpu })
  const running = engine.generate([[1, 2, 3]], long).all()
  state.isGone = true
  devices[0].lose()
  await expect(running).rejects.toBeInstanceOf(DeviceLost)
  await expect(running).rejects.toThrow(
    /a driver reset.*could not be revived: model\.safetensors is not there any more/,
  )
  expect(devices.map(({ buffers }) => buffers)).toEqual([0, 0])
})

test('disposing while weights are loaded again frees everything', async () => {
  const { gpu, devices } = fragileGpu()
  const { source, state } = countedModel()
  const held = new Deferred<void>()
  state.again = held.promise
  const engine = await createEngine(source, { ...small, gpu })
  const running = engine.generate([[1, 2, 3]], long).all()
  devices[0].lose()
  await vi.waitUntil(() => state.numOpened === 2)
  engine.dispose()
  held.resolve()
  await expect(running).rejects.toBeInstanceOf(Disposed)
  await vi.waitUntil(() => devices.every(({ buffers }) => buffers === 0))
})

test('a device that is lost while the engine is made ends that, whatever onLost says', async () => {
  const { gpu, devices } = fragileGpu()
  const opening = createEngine(tinyModel(), {
    ...small,
    gpu,
    onProgress: ({ phase }) => phase === 'weights' && devices[0].lose(),
  })
  await expect(opening).rejects.toBeInstanceOf(DeviceLost)
  expect(devices.map(({ buffers }) => buffers)).toEqual([0])
})

test('a device of the caller’s is not replaced: asking for that is refused, and jobs end when it is lost', async () => {
  const { gpu, devices } = fragileGpu()
  const device = (await (await gpu.requestAdapter())?.requestDevice()) as GPUDevice
  const refused = createEngine(tinyModel(), { ...small, device })
  await expect(refused).rejects.toBeInstanceOf(InvalidRequest)
  await expect(refused).rejects.toThrow('Engine option onLost asks for another device when one is lost')
  const engine = await createEngine(tinyModel(), { ...small, onLost: undefined, device })
  const job = engine.generate([[1, 2, 3]], long, { priority: 'background' }).all()
  devices[0].lose()
  await expect(job).rejects.toBeInstanceOf(DeviceLost)
  engine.dispose()
})
