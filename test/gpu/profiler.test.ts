import { expect, it, type TestContext } from 'vitest'
import { openGpu } from '../../src/gpu/device'
import { Step } from '../../src/gpu/step'
import { STORAGE } from '../../src/gpu/usage'
import { testKernels } from './shaders'

const PARAMS = { n: 4, factor: 1, offset: 1 }

/** A device of its own whose step is timed, with calls of two variants. */
async function timedStep(skip: TestContext['skip'], timed?: 'dispatch' | 'submit') {
  const gpu = await openGpu()
  skip(!gpu.features.has('timestamp-query'), `${gpu.adapter} has no timestamp-query`)
  const step = new Step(gpu, 1024, timed)
  const y = gpu.createBuffer('y', 16, STORAGE)
  const kernels = testKernels(gpu)
  const narrow = kernels.get({ name: 'affine' }).bind(step.arena, { y })
  const wide = kernels.get({ name: 'affine', constants: { WG_SIZE: 128 } }).bind(step.arena, { y })
  await gpu.settled()
  return { gpu, step, narrow, wide }
}

it('every call is counted under its variant, with a finite time', async ({ skip }) => {
  const { gpu, step, narrow, wide } = await timedStep(skip, 'dispatch')
  for (let submit = 0; submit < 3; submit++) {
    step.dispatch(narrow, PARAMS, [1])
    step.dispatch(wide, PARAMS, [1])
    step.dispatch(narrow, PARAMS, [1])
    step.submit()
  }
  const times = await step.profiler?.times()
  expect([...(times ?? [])].map(([name, { calls }]) => [name, calls])).toEqual([
    ['affine', 6],
    ['affine:WG_SIZE=128', 3],
  ])
  for (const { ms } of times?.values() ?? []) {
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(ms).toBeLessThan(60_000)
  }
  gpu.dispose()
})

it('all of a submit is timed as one pass, and the memory for that is given back', async ({ skip }) => {
  const { gpu, step, narrow, wide } = await timedStep(skip, 'submit')
  for (let submit = 0; submit < 3; submit++) {
    step.dispatch(narrow, PARAMS, [1])
    step.dispatch(wide, PARAMS, [1])
    step.submit()
  }
  const times = await step.profiler?.times()
  expect([...(times ?? [])].map(([name, { calls }]) => [name, calls])).toEqual([['step', 3]])
  expect(step.numPasses).toBe(3)
  step.dispose()
  expect(gpu.allocatedBytes).toBe(16)
  gpu.dispose()
})

it('of one submit 1024 dispatches are timed, and the rest still run', async ({ skip }) => {
  const { gpu, step, narrow } = await timedStep(skip, 'dispatch')
  for (let i = 0; i < 1030; i++) step.dispatch(narrow, PARAMS, [1])
  step.submit()
  expect((await step.profiler?.times())?.get('affine')?.calls).toBe(1024)
  expect(step.numDispatches).toBe(1030)
  gpu.dispose()
})

it('a step that is not asked to is not timed', async ({ skip }) => {
  const { gpu, step } = await timedStep(skip)
  expect(step.profiler).toBeUndefined()
  gpu.dispose()
})

it('on a device without timestamps nothing is timed, and nothing fails', async () => {
  const gpu = await openGpu({ limits: 'default' })
  expect(new Step(gpu, 16, 'dispatch').profiler).toBeUndefined()
  gpu.dispose()
})

// this once was an unhandled rejection, which fails a test run and ends a Node process
it('a device that goes away before its times are read disturbs nobody', async ({ skip }) => {
  const { gpu, step, narrow } = await timedStep(skip, 'dispatch')
  step.dispatch(narrow, PARAMS, [1])
  step.submit()
  gpu.dispose()
  await gpu.lost
  await new Promise(resolve => setTimeout(resolve, 200))
  expect(await step.profiler?.times()).toEqual(new Map())
})
