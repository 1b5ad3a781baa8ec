import type { Gpu } from './device'
import { bufferBytes } from './usage'

/** A maker of buffers: a device, or paper. */
export type BufferMaker = Pick<Gpu, 'limits' | 'createBuffer' | 'destroyBuffer' | 'device'>

/** Makes buffers that have a size and no more, to know what something takes before any of it is taken. */
export class Paper implements BufferMaker {
  /** Bytes of the buffers that were made and not destroyed. */
  bytes = 0

  constructor(readonly limits: GPUSupportedLimits) {}

  get device(): never {
    throw new Error('there is no device behind paper')
  }

  createBuffer(label: string, size: number): GPUBuffer {
    const bytes = bufferBytes(size)
    this.bytes += bytes
    return { label, size: bytes } as GPUBuffer
  }

  destroyBuffer({ size }: GPUBuffer): void {
    this.bytes -= size
  }
}
