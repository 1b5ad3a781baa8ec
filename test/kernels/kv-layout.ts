/** K and V as the formats keep them, naively: what shaders/kv-*.wgsl and kernels/kv-cache.ts say. */
import { BLOCK_LEN } from '../../src/core/block'
import { float16Bits, float16Value } from '../../src/core/float16'
import type { KvFormat, KvHeads } from '../../src/core/kv-format'

type Part = 'k' | 'v'

/** How far the value that the format keeps may be, for dim `d` of a head. */
export function kvError(format: KvFormat, head: readonly number[], d: number): number {
  const f16Error = (value: number) => Math.max(Math.abs(value), 2 ** -14) * 2 ** -11
  switch (format) {
    case 'f32':
      return 0
    case 'f16':
      return f16Error(head[d])
    case 'int8':
      return (0.5 / 127) * Math.max(...head.map(Math.abs))
    case 'int4': {
      const group = head.slice(d - (d % 32), d - (d % 32) + 32)
      const [lowest, highest] = [Math.min(...group), Math.max(...group)]
      const step = (highest - lowest) / 15
      // half a step, and what step and lowest lose as f16
      return 0.5 * step + 15 * f16Error(step) + f16Error(lowest)
    }
  }
}

/** A quad of 4 dims, in int4 two, is this many u32. */
const QUAD_WORDS = { f32: 4, f16: 2, int8: 1, int4: 1 }

const quadsOf = ({ headDim }: KvHeads) => ({
  f32: headDim / 4,
  f16: headDim / 4,
  int8: headDim / 4 + 1,
  int4: headDim / 8 + Math.ceil(headDim / 32),
})

/** Caches of a layer with these heads. The slot of a token is block · BLOCK_LEN + offset in the block. */
export class KvLayout {
  readonly #numQuads: number
  readonly #quadWords: number

  constructor(
    readonly format: KvFormat,
    readonly heads: KvHeads,
  ) {
    this.#numQuads = quadsOf(heads)[format]
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
    return decode(this.words(cache, part, slot, kvHead), this.format, this.heads)
  }

  /** What is left of values [slots, numKvHeads, headDim]. */
  round(values: Float32Array<ArrayBuffer>): Float64Array {
    const { headDim } = this.heads
    const rounded = new Float64Array(values.length)
    for (let start = 0; start < values.length; start += headDim) {
      rounded.set(decode(encode(values.slice(start, start + headDim), this.format), this.format, this.heads), start)
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
      const halves = Uint16Array.from(new Uint32Array(bounded(head).buffer), float16Bits)
      return new Uint32Array(halves.buffer)
    }
    case 'int8': {
      const peak = head.reduce((highest, x) => Math.max(highest, Math.abs(x)), 0)
      const bytes = Int8Array.from(head, x => Math.round((x / (peak || 1)) * 127))
      return Uint32Array.of(...new Uint32Array(bytes.buffer), ...new Uint32Array(Float32Array.of(peak).buffer))
    }
    case 'int4': {
      const words = new Uint32Array(quadsOf({ headDim: head.length, numKvHeads: 1 }).int4)
      for (let start = 0; start < head.length; start += 32) {
        const group = bounded(head.slice(start, start + 32))
        const lowest = Math.min(...group)
        const affine = Uint16Array.of(...[(Math.max(...group) - lowest) / 15, lowest].map(f16Bits))
        words[head.length / 8 + start / 32] = affine[0] + affine[1] * 2 ** 16
        const [step, zero] = Array.from(affine, float16Value)
        group.forEach((x, i) => {
          const code = Math.min(15, Math.max(0, Math.round((x - zero) / (step || 1))))
          words[(start + i) >> 3] |= code << nibbleAt(start + i)
        })
      }
      return words
    }
  }
}

/** Within the bounds of f16. */
function bounded(values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return values.map(x => Math.min(65504, Math.max(-65504, x)))
}

/** Where dim `d` lies in its word: the low halves of four bytes are one quad, the high halves the next. */
function nibbleAt(d: number): number {
  return (d % 4) * 8 + (Math.floor(d / 4) % 2) * 4
}

function f16Bits(value: number): number {
  return float16Bits(new Uint32Array(Float32Array.of(value).buffer)[0])
}

function decode(words: Uint32Array, format: KvFormat, { headDim }: KvHeads): number[] {
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
    case 'int4':
      return Array.from({ length: headDim }, (_, d) => {
        const affine = words[headDim / 8 + Math.floor(d / 32)]
        const code = (words[d >> 3] >>> nibbleAt(d)) & 15
        return float16Value(affine >>> 16) + float16Value(affine & 0xffff) * code
      })
  }
}
