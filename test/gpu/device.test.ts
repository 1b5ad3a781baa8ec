import { afterEach, describe, expect, it, vi } from 'vitest'
import { Gpu, openGpu } from '../../src/gpu/device'
import { COPY_DST, STORAGE } from '../../src/gpu/usage'
import { DeviceLost, OutOfMemory, UnsupportedDevice } from '../../src/index'
import { testGpu } from '../support/gpu'

const MIB = 2 ** 20

/** A place to look for adapters that has this one. */
const offering = (adapter: unknown) => ({ requestAdapter: async () => adapter }) as unknown as GPU

describe('a device', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('cannot be had without WebGPU: the error says what to use', async () => {
    vi.stubGlobal('navigator', {})
    const opening = openGpu()
    await expect(opening).rejects.toThrow(UnsupportedDevice)
    await expect(opening).rejects.toThrow(/^There is no WebGPU here: `navigator.gpu` is missing\. Use a current Chrome/)
  })

  it('cannot be had without an adapter', async () => {
    const opening = openGpu({ gpu: offering(null) })
    await expect(opening).rejects.toThrow(UnsupportedDevice)
    await expect(opening).rejects.toThrow('WebGPU is here but offers no adapter')
  })

  it('that the adapter refuses is reported with the adapter and the reason', async () => {
    const cause = new TypeError('limits')
    const info = { vendor: 'acme', architecture: '', device: '', description: 'Rocket 3' }
    const requestDevice = async () => Promise.reject(cause)
    const opening = openGpu({ gpu: offering({ info, limits: {}, features: new Set(), requestDevice }) })
    await expect(opening).rejects.toThrow(UnsupportedDevice)
    await expect(opening).rejects.toMatchObject({
      message: 'The adapter acme (Rocket 3) gave no device: TypeError: limits',
      cause,
    })
  })

  it('with default limits has WebGPU’s, and no optional feature', async () => {
    const gpu = await openGpu({ limits: 'default' })
    expect(gpu.limits.maxStorageBufferBindingSize).toBe(128 * MIB)
    expect(gpu.limits.maxBufferSize).toBe(256 * MIB)
    expect(gpu.limits.maxComputeWorkgroupStorageSize).toBe(16384)
    expect(gpu.limits.maxComputeInvocationsPerWorkgroup).toBe(256)
    for (const feature of ['shader-f16', 'subgroups', 'timestamp-query']) expect(gpu.features).not.toContain(feature)
    gpu.dispose()
  })

  it('has the adapter’s limits and the features we use, unless told otherwise', async () => {
    const adapter = await navigator.gpu.requestAdapter()
    const gpu = await testGpu()
    expect(gpu.limits.maxBufferSize).toBe(adapter?.limits.maxBufferSize)
    expect(gpu.limits.maxStorageBufferBindingSize).toBe(adapter?.limits.maxStorageBufferBindingSize)
    for (const feature of ['shader-f16', 'subgroups', 'timestamp-query'] as const) {
      expect(gpu.features.has(feature)).toBe(adapter?.features.has(feature))
    }
    expect(gpu.adapter).toMatch(/\w/)
  })
})

describe('buffers', () => {
  it('are counted while they live, in multiples of 16 bytes', async () => {
    const gpu = await openGpu()
    const buffers = [0, 1, 16, 17].map(size => gpu.createBuffer('b', size, STORAGE))
    expect(buffers.map(({ size }) => size)).toEqual([16, 16, 16, 32])
    expect(gpu.allocatedBytes).toBe(80)
    gpu.destroyBuffer(buffers[3])
    gpu.destroyBuffer(buffers[3])
    expect(gpu.allocatedBytes).toBe(48)
    await gpu.settled()
    gpu.dispose()
    expect(gpu.allocatedBytes).toBe(0)
  })

  it('over the device’s limit are refused with the numbers, and not counted', async () => {
    const gpu = await openGpu({ limits: 'default' })
    const create = () => gpu.createBuffer('the embedding', 256 * MIB + 1, STORAGE)
    expect(create).toThrow(OutOfMemory)
    expect(create).toThrow("the embedding needs 268435472 bytes, but this device's buffers end at 268435456.")
    expect(gpu.allocatedBytes).toBe(0)
    gpu.dispose()
  })
})

it('an error found later is thrown by the next `settled`, once', async () => {
  const gpu = await openGpu()
  gpu.check(Promise.resolve(undefined))
  gpu.check(Promise.resolve(new OutOfMemory('full')))
  await expect(gpu.settled()).rejects.toThrow('full')
  await gpu.settled()
  gpu.dispose()
})

describe('a lost device', () => {
  it('says so from then on', async () => {
    const gpu = await openGpu()
    gpu.throwIfLost()
    gpu.device.destroy()
    const lost = await gpu.lost
    expect(lost).toBeInstanceOf(DeviceLost)
    expect(lost.message).toMatch(/^The GPU device was lost \(destroyed\): .+ Create a new engine\.$/)
    expect(() => gpu.throwIfLost()).toThrow(lost)
    await expect(gpu.settled()).rejects.toBe(lost)
  })

  it('takes new buffers without a stray rejection, and reports the loss when waited for', async () => {
    const gpu = await openGpu()
    gpu.device.destroy()
    await gpu.lost
    gpu.createBuffer('late', 16, STORAGE)
    await expect(gpu.settled()).rejects.toThrow(DeviceLost)
  })
})

it('a borrowed device outlives us', async () => {
  const owner = await openGpu()
  const borrower = await openGpu({ device: owner.device })
  expect(borrower).toBeInstanceOf(Gpu)
  borrower.createBuffer('b', 16, STORAGE)
  borrower.dispose()
  expect(borrower.allocatedBytes).toBe(0)
  const buffer = owner.createBuffer('still here', 16, STORAGE | COPY_DST)
  owner.device.queue.writeBuffer(buffer, 0, new Uint32Array(4))
  await owner.device.queue.onSubmittedWorkDone()
  await owner.settled()
  owner.dispose()
})
