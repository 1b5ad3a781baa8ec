import { BLOCK_LEN } from './block'

/** How K and V are kept: `int8` in 127ths of the highest magnitude of each token's head, an f32. */
export type KvFormat = 'f32' | 'f16' | 'int8'

/** The heads of a layer whose K and V are kept. */
export interface KvHeads {
  readonly numKvHeads: number
  readonly headDim: number
}

/** Bytes of K (or V) of one block in one layer. */
export function kvBlockBytes(format: KvFormat, { numKvHeads, headDim }: KvHeads): number {
  const headBytes = { f32: headDim * 4, f16: headDim * 2, int8: headDim + 4 }
  return BLOCK_LEN * numKvHeads * headBytes[format]
}
