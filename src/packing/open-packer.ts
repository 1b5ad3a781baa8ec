import { pause } from '../core/pause'
import type { Packer } from './packer'
import { type PackingOptions, startWorker, type WorkerPacker } from './worker-packer'

/** Workers at most: one keeps up with a network, more are for files that are on this machine already. */
const MAX_WORKERS = 4

export interface OpenedPacker {
  readonly packer: Packer
  /** Why this thread packs, for people; undefined: workers do. */
  readonly reason: string | undefined
}

/** Opens a packer in workers, or on this thread where there are none (Node, a content security policy, a file that is not served). */
export async function openPacker(options: PackingOptions = {}): Promise<OpenedPacker> {
  // one first: where it is refused, a policy's owner need not be told again
  const first = await startWorker(options)
  if (typeof first === 'string') return { packer: inlinePacker, reason: first }
  // half of the cores, since reading and the GPU's driver want theirs
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1
  const count = Math.max(1, Math.min(MAX_WORKERS, Math.floor(cores / 2)))
  const others = await Promise.all(Array.from({ length: count - 1 }, () => startWorker(options)))
  const workers = [first, ...others.filter(worker => typeof worker !== 'string')]
  return { packer: packerPool(workers), reason: undefined }
}

/** A packer on this thread, which pauses before each slab, so that other things get their turn. */
export const inlinePacker: Packer = {
  maxSlabs: 1,
  async pack(slab) {
    // workers have it in their file
    const [{ packSlab }] = await Promise.all([import('./pack-slab'), pause()])
    return packSlab(slab)
  },
  close: () => undefined,
}

/** Gives each slab to the worker for which the fewest wait. */
function packerPool(workers: readonly WorkerPacker[]): Packer {
  return {
    maxSlabs: workers.reduce((sum, { maxSlabs }) => sum + maxSlabs, 0),
    pack: slab => workers.reduce((a, b) => (b.numWaiting < a.numWaiting ? b : a)).pack(slab),
    close: () => workers.forEach(worker => void worker.close()),
  }
}
