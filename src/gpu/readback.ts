import type { Gpu } from './device'
import { COPY_DST, MAP_READ, MODE_READ } from './usage'

/** Small results on their way back to the CPU: buffers are reused, so several steps can be under way. */
export class ReadbackRing {
  readonly #idle: GPUBuffer[] = []
  readBytes = 0
  readonly #gpu: Gpu
  readonly #size: number

  constructor(
    gpu: Gpu,
    /** Bytes of each buffer: the most that one step brings back. */
    size: number,
  ) {
    this.#gpu = gpu
    this.#size = size
  }

  /** A buffer to copy into within the step; give it to `read` after the submit. */
  take(): GPUBuffer {
    return this.#idle.pop() ?? this.#gpu.createBuffer('readback', this.#size, MAP_READ | COPY_DST)
  }

  /**
   * The buffer's first `bytes` once the GPU has written them, as an own copy.
   * @throws DeviceLost · OutOfMemory
   */
  async read(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    // a lost device rejects the mapping before `lost` settles
    await buffer.mapAsync(MODE_READ, 0, bytes).catch(error => this.#gpu.explain(error))
    this.#gpu.throwIfLost()
    const copy = buffer.getMappedRange(0, bytes).slice(0)
    buffer.unmap()
    this.#idle.push(buffer)
    this.readBytes += bytes
    return copy
  }

  /** Gives the memory back of what nobody reads. */
  dispose(): void {
    for (const buffer of this.#idle.splice(0)) this.#gpu.destroyBuffer(buffer)
  }
}
