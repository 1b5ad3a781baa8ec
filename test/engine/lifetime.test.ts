import { expect, it } from 'vitest'
import { createEngine, DeviceLost, Disposed, type EngineProgress, type ModelSource, OutOfMemory } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

const source = () => seededModel(TINY, TINY_SEED)
const long = { maxTokens: 400, ignoreEos: true }

it('dispose ends running calls with Disposed, later ones too', async () => {
  const engine = await createEngine(source(), { blocks: 64, device: await sharedDevice() })
  const running = engine.generate([[1]], long).all()
  engine.dispose()
  await expect(running).rejects.toBeInstanceOf(Disposed)
  expect(() => engine.generate([[1]])).toThrow(Disposed)
})

it('dispose frees every buffer and leaves a borrowed device alive', async () => {
  const device = await sharedDevice()
  const engine = await createEngine(source(), { blocks: 64, device })
  expect((await engine.stats()).gpuBytes).toBeGreaterThan(0)
  engine.dispose()
  expect((await engine.stats()).gpuBytes).toBe(0)
  device.pushErrorScope('validation')
  device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE }).destroy()
  expect(await device.popErrorScope()).toBeNull()
  expect(await Promise.race([device.lost, Promise.resolve('alive')])).toBe('alive')
})

it('two engines share a device', async () => {
  const device = await sharedDevice()
  const [a, b] = [
    await createEngine(source(), { blocks: 64, device }),
    await createEngine(source(), { blocks: 64, device }),
  ]
  const [[left], [right]] = await Promise.all([a, b].map(engine => engine.generate([[3]], { maxTokens: 4 }).all()))
  expect(left.tokenIds).toEqual(right.tokenIds)
  a.dispose()
  expect((await b.generate([[3]], { maxTokens: 4 }).all())[0].tokenIds).toEqual(right.tokenIds)
  b.dispose()
})

it('a lost device ends running calls with DeviceLost', async () => {
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice()
  if (!device) throw new Error('no device')
  const engine = await createEngine(source(), { blocks: 64, tokenBudget: 2, device })
  const running = engine.generate([[1]], long).all()
  device.destroy()
  await expect(running).rejects.toBeInstanceOf(DeviceLost)
  expect(() => engine.generate([[1]])).toThrow(DeviceLost)
  engine.dispose()
})

it('an abort while loading rejects with its reason', async () => {
  const abort = new AbortController()
  const onProgress = ({ phase }: EngineProgress) => phase === 'weights' && abort.abort(new Error('enough'))
  const loading = createEngine(source(), { device: await sharedDevice(), signal: abort.signal, onProgress })
  await expect(loading).rejects.toThrow('enough')
})

it('when the GPU has no room after all, the weights are read no further', async () => {
  const device = await sharedDevice()
  // what is true of each allocation is known only later
  const full = new Proxy(device, {
    get: (_, name: keyof GPUDevice) => {
      const value = device[name]
      if (name === 'popErrorScope') return () => device.popErrorScope().then(() => new Error('full'))
      return typeof value === 'function' ? value.bind(device) : value
    },
  })
  let isCancelled = false
  const endless: ModelSource = {
    ...source(),
    async open(file, signal, begin = 0) {
      if (begin === 0) return source().open(file, signal)
      return new ReadableStream({
        cancel: () => {
          isCancelled = true
        },
      })
    },
  }
  await expect(createEngine(endless, { blocks: 64, device: full })).rejects.toBeInstanceOf(OutOfMemory)
  expect(isCancelled).toBe(true)
})

it('reports progress up to all bytes', async () => {
  const seen: EngineProgress[] = []
  const onProgress = (progress: EngineProgress) => progress.phase === 'weights' && seen.push(progress)
  const engine = await createEngine(source(), { blocks: 64, device: await sharedDevice(), onProgress })
  expect(seen.at(-1)?.loadedBytes).toBe(seen.at(-1)?.totalBytes)
  engine.dispose()
})
