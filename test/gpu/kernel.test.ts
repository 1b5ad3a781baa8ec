import { describe, expect, it } from 'vitest'
import { openGpu } from '../../src/gpu/device'
import { UnsupportedDevice } from '../../src/index'
import { kernelBench, testGpu } from '../support/gpu'
import { testKernels } from './shaders'

/** Compiles on a device of its own, so that an expected error stays here. */
async function compileError(name: string): Promise<Error> {
  const gpu = await openGpu()
  testKernels(gpu).get({ name })
  const error: unknown = await gpu.settled().catch((reason: unknown) => reason)
  gpu.dispose()
  expect(error).toBeInstanceOf(UnsupportedDevice)
  return error as Error
}

describe('a shader that does not compile', () => {
  it('is reported with the kernel, the adapter, the line and its text', async () => {
    const { message, cause } = await compileError('broken')
    expect(message).toMatch(/^Kernel broken does not compile on .+:\nline \d+: .*no_such_function/)
    expect(message).toContain('\n      y[id.x] = no_such_function(params.factor);')
    expect(cause).toBeInstanceOf(Error)
  })

  it('for the device’s limits is reported with the kernel and the reason', async () => {
    const { message } = await compileError('huge')
    expect(message).toMatch(/^Kernel huge does not compile on .+:\n.*1048576/s)
  })
})

it('each variant is compiled once', async () => {
  const kernels = testKernels(await testGpu())
  const affine = kernels.get({ name: 'affine' })
  expect(kernels.get({ name: 'affine', constants: {} })).toBe(affine)
  const wide = kernels.get({ name: 'affine', constants: { WG_SIZE: 128 } })
  expect(wide).not.toBe(affine)
  expect(wide.name).toBe('affine:WG_SIZE=128')
})

describe('binding', () => {
  it('needs every buffer of the shader, and no other', async () => {
    const { gpu, step, output } = await kernelBench()
    const scale = testKernels(gpu).get({ name: 'scale' })
    const [x, y] = [output(4), output(4)]
    expect(() => scale.bind(step.arena, { y })).toThrow('kernel scale: no buffer for x')
    expect(() => scale.bind(step.arena, {})).toThrow('kernel scale: no buffer for y')
    expect(() => scale.bind(step.arena, { x, y, z: y })).toThrow('kernel scale has no variable z')
    expect(() => scale.bind(step.arena, { x, y, params: y })).toThrow('kernel scale has no variable params')
  })

  it('takes a part of a buffer', async () => {
    const { gpu, step, upload, output, read, ready } = await kernelBench()
    const scale = testKernels(gpu).get({ name: 'scale' })
    const whole = upload(Float32Array.from({ length: 128 }, (_, index) => index))
    const y = output(4)
    const call = scale.bind(step.arena, { x: { buffer: whole, offset: 256, size: 16 }, y })
    await ready()
    step.dispatch(call, { n: 4, factor: 1, offset: 0 }, [1])
    expect([...(await read(y, 4))]).toEqual([64, 65, 66, 67])
  })
})

describe('a dispatch', () => {
  it.each([
    [{ n: 1, factor: 1 }, 'kernel affine: parameter offset is missing'],
    [{ n: 1, factor: 1, offset: 0, shift: 2 }, 'kernel affine: unknown parameter in n,factor,offset,shift'],
  ])('with parameters %o is refused', async (params, message) => {
    const { gpu, step, output, ready } = await kernelBench()
    const call = testKernels(gpu)
      .get({ name: 'affine' })
      .bind(step.arena, { y: output(1) })
    await ready()
    expect(() => step.dispatch(call, params, [1])).toThrow(message)
  })

  it('gives parameters of every type to the shader', async () => {
    const { gpu, step, upload, read, ready } = await kernelBench()
    const y = upload(Float32Array.of(1, 2, 3, 4))
    const call = testKernels(gpu).get({ name: 'affine' }).bind(step.arena, { y })
    await ready()
    step.dispatch(call, { n: 3, factor: 0.5, offset: -7 }, [1])
    expect([...(await read(y, 4))]).toEqual([-6.5, -6, -5.5, 4])
  })
})
