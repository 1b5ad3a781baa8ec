import type { Gpu } from './device'
import { ReadbackRing } from './readback'
import { COPY_SRC, QUERY_RESOLVE } from './usage'

/** Passes that are timed in one submit; later ones of it run untimed. */
const MAX_PASSES = 1024

export interface KernelTime {
  /** Milliseconds on the GPU, summed over the calls. */
  readonly ms: number
  readonly calls: number
}

/**
 * Time from timestamp queries. They exist only at pass boundaries, so a dispatch that is timed has a pass of its own:
 * compare kernels with it, do not add it up to a step's time.
 */
export class Profiler {
  readonly #gpu: Gpu
  readonly #querySet: GPUQuerySet
  readonly #resolved: GPUBuffer
  readonly #totals = new Map<string, { ms: number; calls: number }>()
  readonly #pending = new Set<Promise<void>>()
  readonly #readbacks: ReadbackRing
  #names: string[] = []
  #target: GPUBuffer | undefined

  constructor(gpu: Gpu) {
    this.#gpu = gpu
    this.#querySet = gpu.device.createQuerySet({ label: 'profiler', type: 'timestamp', count: MAX_PASSES * 2 })
    this.#resolved = gpu.createBuffer('profiler queries', MAX_PASSES * 16, QUERY_RESOLVE | COPY_SRC)
    this.#readbacks = new ReadbackRing(gpu, MAX_PASSES * 16)
  }

  /** The descriptor of the next pass, whose time is counted under its label. */
  pass(label: string): GPUComputePassDescriptor {
    const index = this.#names.length * 2
    if (index >= MAX_PASSES * 2) return { label }
    this.#names.push(label)
    const timestampWrites = {
      querySet: this.#querySet,
      beginningOfPassWriteIndex: index,
      endOfPassWriteIndex: index + 1,
    }
    return { label, timestampWrites }
  }

  resolve(encoder: GPUCommandEncoder): void {
    const count = this.#names.length * 2
    if (count === 0) return
    this.#target = this.#readbacks.take()
    encoder.resolveQuerySet(this.#querySet, 0, count, this.#resolved, 0)
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#target, 0, count * 8)
  }

  collect(): void {
    const target = this.#target
    const names = this.#names
    this.#target = undefined
    this.#names = []
    if (!target) return
    const done = this.#read(target, names).finally(() => this.#pending.delete(done))
    this.#pending.add(done)
    // for times() to report, if it is ever called; a lost device fails the steps themselves
    done.catch(() => undefined)
  }

  /** Time per label since the start, of all that was submitted so far. */
  async times(): Promise<ReadonlyMap<string, KernelTime>> {
    await Promise.all(this.#pending)
    return this.#totals
  }

  dispose(): void {
    this.#querySet.destroy()
    this.#gpu.destroyBuffer(this.#resolved)
    this.#readbacks.dispose()
  }

  async #read(target: GPUBuffer, names: readonly string[]): Promise<void> {
    const stamps = new BigUint64Array(await this.#readbacks.read(target, names.length * 16))
    names.forEach((name, index) => {
      const total = this.#totals.get(name) ?? { ms: 0, calls: 0 }
      total.ms += Number(stamps[index * 2 + 1] - stamps[index * 2]) / 1e6
      total.calls += 1
      this.#totals.set(name, total)
    })
  }
}
