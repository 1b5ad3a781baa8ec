import type { Gpu } from './device'
import { bufferBytes } from './usage'

/** Where buffers come from. */
export type BufferMaker = Pick<Gpu, 'limits' | 'createBuffer' | 'destroyBuffer' | 'device'>

/** Makes buffers that have a size and no more, to know what something takes before any of it is taken. */
export class Paper implements BufferMaker {
  /** Sizes of the buffers made so far, in bytes. */
  readonly sizes: number[] = []

  constructor(readonly limits: GPUSupportedLimits) {}

  get bytes(): number {
    return this.sizes.reduce((sum, size) => sum + size, 0)
  }

  get device(): never {
    throw new Error('there is no device behind paper')
  }

  createBuffer(label: string, size: number): GPUBuffer {
    const bytes = bufferBytes(size)
    this.sizes.push(bytes)
    return { label, size: bytes } as GPUBuffer
  }

  destroyBuffer(): void {}
}
