import { packSlab } from './pack-slab'
import type { Packer } from './packer'
import { startWorker } from './worker-packer'

/** In a worker; where there is none (Node, a content security policy, a library from another origin) on this thread. */
export async function openPacker(): Promise<Packer> {
  return (await startWorker()) ?? inlinePacker
}

/** Pauses before each slab, so that other things get their turn. */
export const inlinePacker: Packer = {
  async pack(slab) {
    await new Promise(resolve => setTimeout(resolve, 0))
    return packSlab(slab)
  },
  close: () => undefined,
}
