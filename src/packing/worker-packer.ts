import { CoppiceError } from '../core/errors'
import { moduleWorker } from '../core/module-worker'
import { fromPlainError } from '../core/plain-error'
import type { PackedSlab, Slab } from './pack-slab'
import type { Packer } from './packer'
import { type Answer, READY, type Task } from './protocol'
import { packingWorkerUrl } from './worker-url'

/** Slabs that a worker has at a time: one that it packs, and one that waits, so that it never idles. */
const SLABS_PER_WORKER = 2

/** The wait for a worker to start: its file comes over the network, and one that is not ours never answers. */
const MAX_START_MS = 10_000

export interface PackingOptions {
  /**
   * Where `coppice-worker.js` is served, which packs weights off this thread. Default: beside the library, where bundlers
   * put it that know `new URL(…, import.meta.url)`.
   */
  readonly workerUrl?: string | URL
  /** Makes that worker, a new one at each call; `false`: there is to be none, and this thread packs. */
  readonly worker?: (() => Worker) | false
}

/** A worker that packs; or why none can be started, for people. */
export async function startWorker(options: PackingOptions = {}): Promise<WorkerPacker | string> {
  const worker = createWorker(options)
  if (typeof worker === 'string') return worker
  let timer: ReturnType<typeof setTimeout> | undefined
  const failure = await new Promise<string | undefined>(resolve => {
    worker.onmessage = ({ data }) => data === READY && resolve(undefined)
    worker.onerror = event => {
      // handled: there is another way
      event.preventDefault()
      resolve(event.message || 'its file does not load')
    }
    timer = setTimeout(resolve, MAX_START_MS, `it has not answered within ${MAX_START_MS / 1000} s`)
  })
  clearTimeout(timer)
  if (failure === undefined) return new WorkerPacker(worker)
  worker.terminate()
  return `the worker does not start, ${failure}`
}

/** Policies forbid workers in two ways: by an exception here (of one class or another), or by an event later. */
function createWorker({ worker, workerUrl }: PackingOptions): Worker | string {
  if (worker === false) return 'as the option `packing.worker` says'
  if (!worker && typeof Worker === 'undefined') return 'there are no workers here'
  try {
    if (worker) return worker()
    return moduleWorker(Worker, workerUrl ?? packingWorkerUrl(), { name: 'coppice-packing' })
  } catch (error) {
    return `a worker is refused, ${String(error)}`
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
