import type { PackedSlab, Slab } from './pack-slab'

/** Packs slabs, somewhere. Takes over the bytes of what it is given. */
export interface Packer {
  /** Slabs that it is worth giving it at a time; more only wait. */
  readonly maxSlabs: number
  /** Rejects with what `packSlab` throws, of the same class. */
  pack(slab: Slab): Promise<PackedSlab>
  /** Stops; what is being packed never settles. */
  close(): void
}
