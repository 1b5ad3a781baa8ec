import type { Gpu } from '../../gpu/device'
import { KernelCache } from '../../gpu/kernel'
import type { BufferMaker } from '../../gpu/paper'
import { ReadbackRing } from '../../gpu/readback'
import { Step } from '../../gpu/step'
import { COPY_DST, COPY_SRC, STORAGE } from '../../gpu/usage'
import type { KernelContext } from '../../kernels/context'
import { shaderSource } from '../../kernels/shaders'
import copy from './copy.wgsl?raw'
import empty from './empty.wgsl?raw'
import fma from './fma.wgsl?raw'

/** Words for a step's lists and parameters. */
const ARENA_WORDS = 2 ** 20

/** Texts of shaders by basename. */
export type Shaders = Readonly<Record<string, string>>

const CEILINGS: Shaders = { copy, empty, fma }

/** A device with a step to record into, and buffers that live until they are released all together. */
export class Fixture implements KernelContext, BufferMaker {
  readonly #shaders: Shaders
  readonly #buffers = new Set<GPUBuffer>()
  #kernels: KernelCache | undefined

  /** @param shaders instead of the engine's own of the same names */
  constructor(
    readonly gpu: Gpu,
    readonly step = new Step(gpu, ARENA_WORDS),
    shaders: Shaders = {},
  ) {
    this.#shaders = { ...CEILINGS, ...shaders }
  }

  get kernels(): KernelCache {
    this.#kernels ??= new KernelCache(this.gpu, name => this.#shaders[name] ?? shaderSource(name))
    return this.#kernels
  }

  /** Has kernels compiled anew from now on: of those that did not compile, nothing may be dispatched. */
  forgetKernels(): void {
    this.#kernels = undefined
  }

  /** A fixture of the same device and step with other texts of the shaders, and buffers of its own. */
  withShaders(shaders: Shaders): Fixture {
    return new Fixture(this.gpu, this.step, shaders)
  }

  get limits(): GPUSupportedLimits {
    return this.gpu.limits
  }

  get device(): GPUDevice {
    return this.gpu.device
  }

  createBuffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const buffer = this.gpu.createBuffer(label, size, usage)
    this.#buffers.add(buffer)
    return buffer
  }

  destroyBuffer(buffer: GPUBuffer): void {
    this.#buffers.delete(buffer)
    this.gpu.destroyBuffer(buffer)
  }

  /** A zeroed storage buffer of so many 4-byte words. */
  output(words: number): GPUBuffer {
    return this.createBuffer('benchmark', words * 4, STORAGE | COPY_DST | COPY_SRC)
  }

  upload(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.output(data.length)
    this.device.queue.writeBuffer(buffer, 0, data)
    return buffer
  }

  /** Submits what was recorded and waits until it is done. */
  async finish(): Promise<void> {
    this.step.submit()
    await this.device.queue.onSubmittedWorkDone()
    this.gpu.throwIfLost()
  }

  /** Submits what was recorded and reads so many words of a buffer. */
  async read(buffer: GPUBuffer, words: number): Promise<ArrayBuffer> {
    const ring = new ReadbackRing(this.gpu, words * 4)
    const target = ring.take()
    this.step.copy(buffer, 0, target, 0, words * 4)
    this.step.submit()
    const data = await ring.read(target, words * 4)
    this.gpu.destroyBuffer(target)
    return data
  }

  async readFloats(buffer: GPUBuffer, words: number): Promise<Float32Array> {
    return new Float32Array(await this.read(buffer, words))
  }

  /** Frees all buffers but the step's own. */
  release(): void {
    for (const buffer of [...this.#buffers]) this.destroyBuffer(buffer)
  }

  dispose(): void {
    this.gpu.dispose()
  }
}
