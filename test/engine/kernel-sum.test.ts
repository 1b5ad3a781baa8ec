import { expect, it } from 'vitest'
import { measureRun } from '../../src/bench/common/measure-run'
import { kernelSum } from '../../src/bench/engine/kernel-sum'
import { recordLastStep } from '../../src/bench/engine/recorded-step'
import { unshared } from '../../src/bench/engine/step-cost'
import { createEngine } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

const SHAPE = unshared(3, 20, 4)

async function open() {
  const device = await sharedDevice()
  return createEngine(seededModel(TINY, TINY_SEED), { blocks: 32, contextLength: 64, device })
}

function methods() {
  const { createCommandEncoder } = GPUDevice.prototype
  const { setPipeline, setBindGroup, dispatchWorkgroups } = GPUComputePassEncoder.prototype
  return [createCommandEncoder, setPipeline, setBindGroup, dispatchWorkgroups]
}

it('a recorded step has the dispatches that the engine counts, and WebGPU is as it was afterwards', async () => {
  const engine = await open()
  const own = methods()
  const before = await engine.stats()
  const { dispatches } = await recordLastStep(() => measureRun(engine, SHAPE, 0))
  const after = await engine.stats()
  const steps = after.steps - before.steps
  // all steps but that of the prompts, whose attention may take another number of dispatches, are alike
  expect(steps).toBe(4)
  expect(Math.abs(dispatches.length - (after.dispatches - before.dispatches) / steps)).toBeLessThan(1)
  for (const { pipeline } of dispatches) expect(pipeline.label).not.toBe('')
  await expect(recordLastStep(() => Promise.reject(new Error('stop')))).rejects.toThrow('stop')
  await expect(recordLastStep(async () => undefined)).rejects.toThrow('no step')
  expect(methods()).toEqual(own)
  engine.dispose()
})

it('kernels of all families take time, and the engine answers afterwards as before', async () => {
  const engine = await open()
  const { answers } = await measureRun(engine, SHAPE, 0)
  const { families, replayed } = await kernelSum(engine, SHAPE, 0)
  expect(Object.keys(families).sort()).toEqual(['RoPE and append', 'attention', 'matrices', 'other kernels'])
  for (const ms of [...Object.values(families), replayed]) expect(ms).toBeGreaterThan(0)
  expect((await measureRun(engine, SHAPE, 0)).answers).toEqual(answers)
  engine.dispose()
})
