import { expect, it } from 'vitest'
import { openGpu } from '../../src/gpu/device'
import { ReadbackRing } from '../../src/gpu/readback'
import { DeviceLost } from '../../src/index'
import { kernelBench } from '../support/gpu'

it('several results are on their way at once, each in a buffer of its own', async () => {
  const { gpu, step, upload } = await kernelBench()
  const ring = new ReadbackRing(gpu, 16)
  const reads = [1, 2, 3].map(value => {
    const target = ring.take()
    step.copy(upload(Uint32Array.of(value, value * 10)), 0, target, 0, 8)
    step.submit()
    return { target, bytes: ring.read(target, 8) }
  })
  expect(new Set(reads.map(({ target }) => target)).size).toBe(3)
  const results = await Promise.all(reads.map(({ bytes }) => bytes))
  expect(results.map(bytes => [...new Uint32Array(bytes)])).toEqual([
    [1, 10],
    [2, 20],
    [3, 30],
  ])
  expect(ring.readBytes).toBe(24)
})

it('a buffer is used again, and the copy read from it stays as it was', async () => {
  const { gpu, step, upload } = await kernelBench()
  const ring = new ReadbackRing(gpu, 16)
  const read = async (value: number) => {
    const target = ring.take()
    step.copy(upload(Uint32Array.of(value)), 0, target, 0, 4)
    step.submit()
    return { target, words: new Uint32Array(await ring.read(target, 4)) }
  }
  const first = await read(7)
  const second = await read(8)
  expect(second.target).toBe(first.target)
  expect([...first.words, ...second.words]).toEqual([7, 8])
})

it('a device lost on the way is what the reader hears of', async () => {
  const gpu = await openGpu()
  const ring = new ReadbackRing(gpu, 16)
  const reading = ring.read(ring.take(), 16)
  gpu.device.destroy()
  await expect(reading).rejects.toThrow(DeviceLost)
  expect(ring.readBytes).toBe(0)
})
