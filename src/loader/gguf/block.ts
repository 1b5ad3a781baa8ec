import { float16Value } from '../../core/float16'

/** How the elements of a tensor are stored: in blocks along a row. */
export interface TensorFormat {
  /** ggml's name for it. */
  readonly name: string
  /** Elements of a block. */
  readonly blockLen: number
  readonly blockBytes: number
  /** Whole blocks to f32; `bytes` begin at a multiple of 4. */
  decode(bytes: Uint8Array<ArrayBuffer>, out: Float32Array): void
}

/** Writes the elements of the block at byte `at` to `out`, from `first` on. */
type DecodeBlock = (bytes: Uint8Array, at: number, out: Float32Array, first: number) => void

export function blockFormat(
  name: string,
  blockLen: number,
  blockBytes: number,
  decodeBlock: DecodeBlock,
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
  }
}

/** The little-endian f16 at byte `at`. */
export function float16At(bytes: Uint8Array, at: number): number {
  return float16Value(bytes[at] | (bytes[at + 1] << 8))
}

export function int8At(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) >> 24
}
