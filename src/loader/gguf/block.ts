import { float16Value } from '../../core/float16'
import type { QuantizedRows } from '../../core/rows'
import { nearestFloat16 } from './nearest-float16'

/** A format of tensors, whose elements are stored in blocks along a row. */
export interface TensorFormat {
  /** The name that ggml has for it. */
  readonly name: string
  /** Elements in a block. */
  readonly blockLen: number
  readonly blockBytes: number
  /** Writes the elements of whole blocks to `out`; `bytes` begin at a multiple of 4. */
  decode(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void
  /** The way to keep blocks as integers, where they are integers in groups that our formats have. */
  readonly integers?: Integers
}

/** Blocks as integers with scales. */
export interface Integers {
  readonly bits: 4 | 8
  readonly hasZeros: boolean
  /** Whether scales and zeros are those of the blocks rounded to f16, rather than the very same. */
  readonly isRounded: boolean
  repack(bytes: Uint8Array<ArrayBuffer>, out: QuantizedRows): void
}

/** Elements that share a scale, in all formats whose integers are kept. */
export const GROUP = 32

/** Writes the elements of the block at byte `at` to `out`, from `first` on. */
type DecodeBlock = (bytes: Uint8Array, at: number, out: Float32Array, first: number) => void
/** Writes the codes of the block at byte `at` to `out` from `first` on, its scales (and zeros) from `first / GROUP` on. */
export type RepackBlock = (bytes: Uint8Array, at: number, out: QuantizedRows, first: number) => void

export function blockFormat(
  name: string,
  blockLen: number,
  blockBytes: number,
  decodeBlock: DecodeBlock,
  integers?: Omit<Integers, 'repack'> & { readonly repackBlock: RepackBlock },
): TensorFormat {
  return {
    name,
    blockLen,
    blockBytes,
    decode(bytes, out) {
      for (let at = 0, first = 0; at < bytes.length; at += blockBytes, first += blockLen) {
        decodeBlock(bytes, at, out, first)
      }
    },
    integers: integers && {
      ...integers,
      repack(bytes, out) {
        for (let at = 0, first = 0; at < bytes.length; at += blockBytes, first += blockLen) {
          integers.repackBlock(bytes, at, out, first)
        }
      },
    },
  }
}

/**
 * Most steps that a group's values may lie away from 0. Beyond, a zero in f16, which has 11 bits, could place them no more
 * exactly than to a step or two, and they are taken for equal.
 */
const MAX_ZERO = 2048

/** Keeps the group of `out` that begins at element `first`, of which element i is `scale` codes[i] + `min`. */
export function setAffineGroup(out: QuantizedRows, first: number, scale: number, min: number): void {
  const group = first / GROUP
  const rounded = nearestFloat16(scale)
  const zero = nearestFloat16(-min / rounded)
  const isFlat = !(Math.abs(zero) <= MAX_ZERO)
  if (isFlat) out.codes.fill(1, first, first + GROUP)
  out.scales[group] = isFlat ? nearestFloat16(min) : rounded
  if (out.zeros) out.zeros[group] = isFlat ? 0 : zero
}

/** The little-endian f16 at byte `at`. */
export function float16At(bytes: Uint8Array, at: number): number {
  return float16Value(bytes[at] | (bytes[at + 1] << 8))
}

export function int8At(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) >> 24
}
