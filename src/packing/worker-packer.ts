import { CoppiceError } from '../core/errors'
import { fromPlainError } from '../core/plain-error'
import type { PackedSlab, Slab } from './pack-slab'
import type { Packer } from './packer'
import type { Answer, Task } from './protocol'

/** One that it packs, and one that waits, so that it never idles. */
const SLABS_PER_WORKER = 2

/** A worker that packs; undefined where none can be started. */
export async function startWorker(): Promise<WorkerPacker | undefined> {
  const worker = createWorker()
  if (!worker) return undefined
  const isReady = await new Promise<boolean>(resolve => {
    worker.onmessage = () => resolve(true)
    worker.onerror = event => {
      // handled: there is another way
      event.preventDefault()
      resolve(false)
    }
  })
  if (isReady) return new WorkerPacker(worker)
  worker.terminate()
  return undefined
}

/** Policies forbid workers in two ways: by an exception here (of one class or another), or by an event later. */
function createWorker(): Worker | undefined {
  if (typeof Worker === 'undefined') return undefined
  try {
    // in this form, which bundlers look for
    return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'coppice: packing weights' })
  } catch {
    return undefined
  }
}

/** One worker. */
export class WorkerPacker implements Packer {
  readonly maxSlabs = SLABS_PER_WORKER
  readonly #worker: Worker
  readonly #waiting = new Map<
    number,
    { readonly resolve: (packed: PackedSlab) => void; readonly reject: (error: Error) => void }
  >()
  #numTasks = 0

  constructor(worker: Worker) {
    this.#worker = worker
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const task = this.#waiting.get(data.id)
      this.#waiting.delete(data.id)
      if ('error' in data) task?.reject(fromPlainError(data.error))
      else task?.resolve(data.packed)
    }
    worker.onerror = ({ message }) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new CoppiceError(`The worker that packs weights failed: ${message || 'no reason given'}.`))
      }
      this.#waiting.clear()
    }
  }

  get numWaiting(): number {
    return this.#waiting.size
  }

  pack(slab: Slab): Promise<PackedSlab> {
    const id = this.#numTasks++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const task: Task = { id, slab }
      this.#worker.postMessage(task, [slab.raw.bytes.buffer])
    })
  }

  close(): void {
    this.#worker.terminate()
  }
}
