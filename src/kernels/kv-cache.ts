import { type KvFormat, type KvHeads, kvBlockBytes } from '../core/kv-format'
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

export interface KvCacheShape extends KvHeads {
  readonly format: KvFormat
  readonly numLayers: number
  readonly numBlocks: number
}

/** K and V of one layer, in words of `kvWords` (shaders/shared/kv-*.wgsl). */
export interface KvLayer {
  readonly format: KvFormat
  /**
   * [numBlocks, numKvHeads, kvWords, BLOCK_LEN]. When scores are computed each thread has a key, so that with the same
   * dims of 16 keys side by side neighbouring threads read neighbouring bytes.
   */
  readonly k: GPUBuffer
  /** [numBlocks, numKvHeads, BLOCK_LEN, kvWords]: for the weighted sum, neighbouring threads have neighbouring dims. */
  readonly v: GPUBuffer
}

/** Links a shader to the format. */
export function kvModule(format: KvFormat): Readonly<Record<string, string>> {
  return { 'kv-f32': `kv-${format}` }
}

export interface KvCache {
  readonly layers: readonly KvLayer[]
  readonly bytes: number
}

/** Bytes of a cache: K and V of all layers. */
export function kvCacheBytes({ numLayers, numBlocks, format, ...heads }: KvCacheShape): number {
  return 2 * numLayers * numBlocks * kvBlockBytes(format, heads)
}

/** A zeroed cache. */
export function createKvCache(gpu: Pick<Gpu, 'createBuffer'>, shape: KvCacheShape): KvCache {
  const bytes = kvCacheBytes(shape)
  const part = (name: string) => gpu.createBuffer(name, bytes / shape.numLayers / 2, STORAGE)
  const { format } = shape
  const layers = Array.from({ length: shape.numLayers }, (_, layer) => ({
    format,
    k: part(`k cache of layer ${layer}`),
    v: part(`v cache of layer ${layer}`),
  }))
  return { layers, bytes }
}
