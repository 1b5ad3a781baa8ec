import { assert } from '../core/assert'
import type { Gpu } from './device'
import type { Call, Kernel } from './kernel'
import type { BufferMaker } from './paper'
import { Profiler } from './profiler'
import { COPY_DST, STORAGE, UNIFORM } from './usage'

/** The values of a shader's parameters, by the names of the fields of its `Params`. */
type Params = Readonly<Record<string, number>>

/** Uniform bindings start at multiples of this (the largest `minUniformBufferOffsetAlignment`), in bytes. */
const UNIFORM_ALIGN = 256

/** The buffer of a step's lists and parameters, of at least so many 4-byte words. */
export function createArena(gpu: BufferMaker, words: number): GPUBuffer {
  return gpu.createBuffer('step arena', words * 4, STORAGE | UNIFORM | COPY_DST)
}

/**
 * Records one step: every dispatch goes into one pass, everything the CPU tells the GPU into one buffer (the arena)
 * written once, and all of it into one submit. Reused from step to step, so that bind groups can be made once.
 */
export class Step {
  /** u32 words; shaders that read lists bind it as `arena: array<u32>` and get section starts as parameters. */
  readonly arena: GPUBuffer
  readonly profiler: Profiler | undefined
  numDispatches = 0
  numPasses = 0
  numUploads = 0
  numSubmits = 0
  uploadedBytes = 0
  readonly #words: Uint32Array<ArrayBuffer>
  readonly #floats: Float32Array
  /** Where the parameter blocks written in this step start, in words. */
  readonly #paramBlocks = new Map<Kernel, number[]>()
  /** [1] Where the next dispatch's parameters start, in bytes. */
  readonly #offset = new Uint32Array(1)
  #used = 0
  /** Words of these that are on the GPU. */
  #uploaded = 0
  #encoder: GPUCommandEncoder | undefined
  #pass: GPUComputePassEncoder | undefined
  #pipeline: GPUComputePipeline | undefined
  readonly #gpu: Gpu
  /** Each dispatch has a pass of its own. */
  readonly #isSplit: boolean

  constructor(
    gpu: Gpu,
    /** Capacity of the arena, in 4-byte words. */
    capacity: number,
    /** Times each dispatch by its kernel's name, or all of a submit as `step`, where the device has a clock. */
    timed?: 'dispatch' | 'submit',
  ) {
    this.#gpu = gpu
    this.arena = createArena(gpu, capacity)
    this.#words = new Uint32Array(this.arena.size / 4)
    this.#floats = new Float32Array(this.#words.buffer)
    if (timed && gpu.features.has('timestamp-query')) this.profiler = new Profiler(gpu)
    this.#isSplit = this.profiler !== undefined && timed === 'dispatch'
  }

  /** Copies u32 words into the arena. Returns where they start, in words. */
  push(data: ArrayLike<number>): number {
    const start = this.reserve(data.length)
    this.#words.set(data, start)
    return start
  }

  /** Makes room for `length` words. Returns where they start; fill them through `view`. */
  reserve(length: number): number {
    const start = this.#used
    assert(start + length <= this.#words.length, `step arena: ${start} + ${length} words exceed ${this.#words.length}`)
    this.#used += length
    return start
  }

  view(start: number, length: number): { readonly u32: Uint32Array; readonly f32: Float32Array } {
    return { u32: this.#words.subarray(start, start + length), f32: this.#floats.subarray(start, start + length) }
  }

  /**
   * Adds a dispatch of `grid` workgroups; nothing if the grid is empty. `params` must name every field of the shader's; they are
   * taken at once, so that callers can use the same object again.
   */
  dispatch(call: Call, params: Params, grid: readonly [number, number?, number?]): void {
    const [x, y = 1, z = 1] = grid
    if (x * y * z === 0) return
    const { kernel, bindGroup } = call
    this.#offset[0] = this.#paramsAt(kernel, params)
    const pass = this.#isSplit ? this.#beginPass(kernel.name) : this.#openPass()
    if (this.#isSplit || this.#pipeline !== kernel.pipeline) pass.setPipeline(kernel.pipeline)
    this.#pipeline = kernel.pipeline
    pass.setBindGroup(0, bindGroup, this.#offset, 0, 1)
    pass.dispatchWorkgroups(x, y, z)
    if (this.#isSplit) pass.end()
    this.numDispatches += 1
  }

  copy(source: GPUBuffer, sourceOffset: number, target: GPUBuffer, targetOffset: number, size: number): void {
    this.#closePass()
    this.#encode().copyBufferToBuffer(source, sourceOffset, target, targetOffset, size)
  }

  /** Sends the step off and starts an empty one. */
  submit(): void {
    this.#closePass()
    this.profiler?.resolve(this.#encode())
    this.submitPart()
    this.profiler?.collect()
    this.#used = 0
    this.#uploaded = 0
    for (const starts of this.#paramBlocks.values()) starts.length = 0
  }

  /** Sends off what is recorded of the step so far, which goes on: between two submits others have their turn on the GPU. */
  submitPart(): void {
    this.#closePass()
    const { queue } = this.#gpu.device
    const start = Math.floor(this.#uploaded / 4) * 4
    const length = Math.ceil(this.#used / 4) * 4 - start
    if (this.#used > this.#uploaded) {
      queue.writeBuffer(this.arena, start * 4, this.#words, start, length)
      this.numUploads += 1
      this.uploadedBytes += length * 4
    }
    this.#uploaded = this.#used
    queue.submit([this.#encode().finish()])
    this.numSubmits += 1
    this.#encoder = undefined
  }

  /** Offset in bytes of a block with these parameters. The layers of a model differ in buffers only: a kernel has few. */
  #paramsAt(kernel: Kernel, params: Params): number {
    const starts = this.#paramBlocks.get(kernel) ?? []
    this.#paramBlocks.set(kernel, starts)
    for (const start of starts) if (this.#holds(start, kernel, params)) return start * 4
    const start = this.#writeParams(kernel, params)
    starts.push(start)
    return start * 4
  }

  #holds(start: number, { shader }: Kernel, params: Params): boolean {
    const fields = shader.params
    for (let i = 0; i < fields.length; i++) {
      const { name, type } = fields[i]
      const isSame =
        type === 'f32' ? this.#floats[start + i] === Math.fround(params[name]) : this.#words[start + i] === params[name]
      if (!isSame) return false
    }
    return true
  }

  /** Returns where the block starts, in words. */
  #writeParams(kernel: Kernel, params: Params): number {
    const fields = kernel.shader.params
    const names = Object.keys(params)
    assert(names.length <= fields.length, `kernel ${kernel.name}: unknown parameter in ${names}`)
    const align = UNIFORM_ALIGN / 4
    this.reserve((align - (this.#used % align)) % align)
    const start = this.reserve(kernel.paramsBytes / 4)
    fields.forEach(({ name, type }, index) => {
      const value = params[name]
      assert(value !== undefined, `kernel ${kernel.name}: parameter ${name} is missing`)
      const target = type === 'f32' ? this.#floats : this.#words
      target[start + index] = value
    })
    return start
  }

  /** Gives its memory back. */
  dispose(): void {
    this.#gpu.destroyBuffer(this.arena)
    this.profiler?.dispose()
  }

  #encode(): GPUCommandEncoder {
    this.#encoder ??= this.#gpu.device.createCommandEncoder({ label: 'step' })
    return this.#encoder
  }

  #openPass(): GPUComputePassEncoder {
    this.#pass ??= this.#beginPass('step')
    return this.#pass
  }

  #beginPass(label: string): GPUComputePassEncoder {
    this.numPasses += 1
    return this.#encode().beginComputePass(this.profiler?.pass(label) ?? { label })
  }

  #closePass(): void {
    this.#pass?.end()
    this.#pass = undefined
    this.#pipeline = undefined
  }
}
