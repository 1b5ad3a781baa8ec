import { BLOCK_LEN } from '../core/block'
import type { Gpu } from '../gpu/device'
import { STORAGE } from '../gpu/usage'

/** Heads of an attention layer. */
export interface AttentionShape {
  readonly numHeads: number
  /** Divides `numHeads`. */
  readonly numKvHeads: number
  /** A multiple of 8. */
  readonly headDim: number
}

export interface KvCacheShape extends Pick<AttentionShape, 'numKvHeads' | 'headDim'> {
  readonly numLayers: number
  readonly numBlocks: number
}

/** K and V of one layer. */
export interface KvLayer {
  /**
   * f32 [numBlocks, numKvHeads, headDim / 4, BLOCK_LEN, 4]. When scores are computed each thread has a key, so that
   * with 4 dims of 16 keys side by side neighbouring threads read neighbouring bytes.
   */
  readonly k: GPUBuffer
  /** f32 [numBlocks, numKvHeads, BLOCK_LEN, headDim]: for the weighted sum, neighbouring threads have neighbouring dims. */
  readonly v: GPUBuffer
}

export interface KvCache {
  readonly layers: readonly KvLayer[]
  readonly bytes: number
}

/** Bytes of a cache: K and V of all layers. */
export function kvCacheBytes({ numLayers, numBlocks, numKvHeads, headDim }: KvCacheShape): number {
  return 2 * numLayers * numBlocks * BLOCK_LEN * numKvHeads * headDim * 4
}

/** A zeroed cache. */
export function createKvCache(gpu: Gpu, shape: KvCacheShape): KvCache {
  const bytes = kvCacheBytes(shape)
  const part = (name: string) => gpu.createBuffer(name, bytes / shape.numLayers / 2, STORAGE)
  const layers = Array.from({ length: shape.numLayers }, (_, layer) => ({
    k: part(`k cache of layer ${layer}`),
    v: part(`v cache of layer ${layer}`),
  }))
  return { layers, bytes }
}
