/** K and V as the formats keep them, naively: what shaders/kv-*.wgsl and kernels/kv-cache.ts say. */
import { BLOCK_LEN } from '../../src/core/block'
import { float16Bits, float16Value } from '../../src/core/float16'
import type { KvFormat, KvHeads } from '../../src/core/kv-format'

type Part = 'k' | 'v'

/** How far the nearest value is that the format has, for a value in a head with this highest magnitude. */
export function kvError(format: KvFormat, value: number, peak: number): number {
  return { f32: 0, f16: Math.max(Math.abs(value), 2 ** -14) * 2 ** -11, int8: (0.5 / 127) * peak }[format]
}

/** u32 words of a quad. */
const QUAD_WORDS = { f32: 4, f16: 2, int8: 1 }

/** Caches of a layer with these heads. The slot of a token is block · BLOCK_LEN + offset in the block. */
export class KvLayout {
  readonly #numQuads: number
  readonly #quadWords: number

  constructor(
    readonly format: KvFormat,
    readonly heads: KvHeads,
  ) {
    this.#numQuads = heads.headDim / 4 + (format === 'int8' ? 1 : 0)
    this.#quadWords = QUAD_WORDS[format]
  }

  /** u32 words of a token's head. */
  get headWords(): number {
    return this.#numQuads * this.#quadWords
  }

  /** The cache of values [slots, numKvHeads, headDim]. */
  pack(values: Float32Array<ArrayBuffer>, part: Part): Uint32Array<ArrayBuffer> {
    const { headDim, numKvHeads } = this.heads
    const numHeads = values.length / headDim
    const cache = new Uint32Array(numHeads * this.headWords)
    for (let index = 0; index < numHeads; index++) {
      const words = encode(values.slice(index * headDim, (index + 1) * headDim), this.format)
      this.#places(part, Math.floor(index / numKvHeads), index % numKvHeads).forEach((place, i) => {
        cache[place] = words[i]
      })
    }
    return cache
  }

  /** The words of a token's head. */
  words(cache: Uint32Array, part: Part, slot: number, kvHead: number): Uint32Array {
    return Uint32Array.from(this.#places(part, slot, kvHead), place => cache[place])
  }

  /** The values of a token's head. */
  values(cache: Uint32Array, part: Part, slot: number, kvHead: number): number[] {
    return decode(this.words(cache, part, slot, kvHead), this.format)
  }

  /** What is left of values [slots, numKvHeads, headDim]. */
  round(values: Float32Array<ArrayBuffer>): Float64Array {
    const { headDim } = this.heads
    const rounded = new Float64Array(values.length)
    for (let start = 0; start < values.length; start += headDim) {
      rounded.set(decode(encode(values.slice(start, start + headDim), this.format), this.format), start)
    }
    return rounded
  }

  /** Where the words of a token's head lie. */
  #places(part: Part, slot: number, kvHead: number): number[] {
    const [numQuads, quadWords] = [this.#numQuads, this.#quadWords]
    const offset = slot % BLOCK_LEN
    const start = (Math.floor(slot / BLOCK_LEN) * this.heads.numKvHeads + kvHead) * numQuads * BLOCK_LEN
    return Array.from({ length: this.headWords }, (_, i) => {
      const quad = Math.floor(i / quadWords)
      const place = part === 'k' ? quad * BLOCK_LEN + offset : offset * numQuads + quad
      return (start + place) * quadWords + (i % quadWords)
    })
  }
}

function encode(head: Float32Array<ArrayBuffer>, format: KvFormat): Uint32Array {
  switch (format) {
    case 'f32':
      return new Uint32Array(head.buffer)
    case 'f16': {
      const bounded = head.map(x => Math.min(65504, Math.max(-65504, x)))
      const halves = Uint16Array.from(new Uint32Array(bounded.buffer), float16Bits)
      return new Uint32Array(halves.buffer)
    }
    case 'int8': {
      const peak = head.reduce((highest, x) => Math.max(highest, Math.abs(x)), 0)
      const bytes = Int8Array.from(head, x => Math.round((x / (peak || 1)) * 127))
      return Uint32Array.of(...new Uint32Array(bytes.buffer), ...new Uint32Array(Float32Array.of(peak).buffer))
    }
  }
}

function decode(words: Uint32Array, format: KvFormat): number[] {
  const { buffer } = words.slice()
  switch (format) {
    case 'f32':
      return Array.from(new Float32Array(buffer))
    case 'f16':
      return Array.from(new Uint16Array(buffer), float16Value)
    case 'int8': {
      const peak = new Float32Array(buffer)[words.length - 1]
      return Array.from(new Int8Array(buffer, 0, words.byteLength - 4), x => (Math.max(-127, x) / 127) * peak)
    }
  }
}
