import { BLOCK_LEN } from './block'

export const KV_FORMATS = ['f32', 'f16', 'int8', 'int4'] as const

/**
 * How K and V are kept: `int8` in 127ths of the highest magnitude of each token's head, an f32; `int4` in 15ths of the range
 * of each 32 dims of it, two f16.
 */
export type KvFormat = (typeof KV_FORMATS)[number]

/** The heads of a layer whose K and V are kept. */
export interface KvHeads {
  readonly numKvHeads: number
  readonly headDim: number
}

/** Words of a token's head: a quad of 4 dims, in int4 two, and behind them the scales. KV_WORDS of shaders/kv-*.wgsl. */
export function kvWords(format: KvFormat, headDim: number): number {
  const quads = headDim / 4
  return { f32: quads, f16: quads, int8: quads + 1, int4: quads / 2 + Math.ceil(headDim / 32) }[format]
}

const WORD_BYTES = { f32: 16, f16: 8, int8: 4, int4: 4 }

/** Bytes of K (or V) of one block in one layer. */
export function kvBlockBytes(format: KvFormat, { numKvHeads, headDim }: KvHeads): number {
  return BLOCK_LEN * numKvHeads * kvWords(format, headDim) * WORD_BYTES[format]
}
