/** Runs one kernel on a real device for a test: buffers in, one dispatch, buffers out. */
import { type Gpu, openGpu } from '../../src/gpu/device'
import { KernelCache } from '../../src/gpu/kernel'
import { ReadbackRing } from '../../src/gpu/readback'
import { Step } from '../../src/gpu/step'
import { COPY_DST, COPY_SRC, STORAGE } from '../../src/gpu/usage'
import type { KernelContext } from '../../src/kernels/context'
import { shaderSource } from '../../src/kernels/shaders'
import { sharedDevice } from './device'

export type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** What an output holds before the kernel runs: a value that no kernel produces by accident. */
export const POISON = -7.77e33

let opened: Promise<Gpu> | undefined

/** What all tests of a file hold on the shared device. */
export function testGpu(): Promise<Gpu> {
  opened ??= sharedDevice().then(device => openGpu({ device }))
  return opened
}

/** Frees what the tests of a file hold. */
export async function releaseTestGpu(): Promise<void> {
  const gpu = await opened
  opened = undefined
  gpu?.dispose()
}

export interface KernelBench extends KernelContext {
  /** A storage buffer with this content. */
  upload(data: Data): GPUBuffer
  /** A storage buffer of `length` f32, poisoned. */
  output(length: number): GPUBuffer
  /** Waits for the kernels asked for so far to compile: call it between making a kernel and recording it. */
  ready(): Promise<void>
  /** Submits what was recorded and reads `length` f32 of a buffer. */
  read(buffer: GPUBuffer, length: number): Promise<Float32Array>
  readU32(buffer: GPUBuffer, length: number): Promise<Uint32Array>
}

/** Tests of one file share what they compile: on software adapters that takes longer than what they run. */
const compiled = new WeakMap<Gpu, KernelCache>()

/** A step to record dispatches into, with buffers around it. */
export async function kernelBench(gpu?: Gpu): Promise<KernelBench> {
  const device = gpu ?? (await testGpu())
  const step = new Step(device, 1 << 19)
  const kernels = compiled.get(device) ?? new KernelCache(device, shaderSource)
  compiled.set(device, kernels)
  const upload = (data: Data) => {
    const buffer = device.createBuffer('test', data.byteLength, STORAGE | COPY_DST | COPY_SRC)
    device.device.queue.writeBuffer(buffer, 0, data)
    return buffer
  }
  const read = async (buffer: GPUBuffer, length: number) => {
    const ring = new ReadbackRing(device, length * 4)
    const target = ring.take()
    step.copy(buffer, 0, target, 0, length * 4)
    step.submit()
    return ring.read(target, length * 4)
  }
  return {
    gpu: device,
    kernels,
    step,
    upload,
    ready: () => device.settled(),
    output: length => upload(new Float32Array(length).fill(POISON)),
    read: async (buffer, length) => new Float32Array(await read(buffer, length)),
    readU32: async (buffer, length) => new Uint32Array(await read(buffer, length)),
  }
}
