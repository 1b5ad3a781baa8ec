import type { QuantizedRows } from '../../core/rows'
import { blockFormat, float16At, GROUP, type TensorFormat } from './block'
import { nearestFloat16 } from './nearest-float16'

// 4-bit indices into a table of integers of 8 bits, which q8 keeps.

/** ggml's table, closer together around 0. */
const NON_LINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

/** E2M1 times 2 (OCP's Microscaling Formats 1.0 §5.3.3). */
const E2M1 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]

/** d (f16), 16 bytes of pairs: y = d table[q] */
export const iq4_nl: TensorFormat = ofTable('IQ4_NL', 32, 18, NON_LINEAR, 2, (bytes, at) => float16At(bytes, at))

/** d (f16), high 2 bits of 8 scales (u16), low 4 bits of them, 128 bytes of pairs: y = d (scale - 32) table[q], per run of 32 */
export const iq4_xs: TensorFormat = ofTable('IQ4_XS', 256, 136, NON_LINEAR, 8, (bytes, at, run) => {
  const high = ((bytes[at + 2] | (bytes[at + 3] << 8)) >> (run * 2)) & 3
  const low = (bytes[at + 4 + (run >> 1)] >> ((run & 1) * 4)) & 15
  return float16At(bytes, at) * ((low | (high << 4)) - 32)
})

/** An exponent (E8M0), 16 bytes of pairs: y = 2^(exponent - 128) table[q] */
export const mxfp4: TensorFormat = ofTable('MXFP4', 32, 17, E2M1, 1, (bytes, at) => 2 ** (bytes[at] - 128))

/** A format of runs of 32, each in 16 bytes from `pairsAt` on: elements i in the lower halves, 16 + i in the upper. */
function ofTable(
  name: string,
  blockLen: number,
  blockBytes: number,
  table: readonly number[],
  pairsAt: number,
  scaleOf: (bytes: Uint8Array, at: number, run: number) => number,
): TensorFormat {
  const numRuns = blockLen / GROUP
  const decode = (bytes: Uint8Array, at: number, out: Float32Array, first: number) => {
    for (let run = 0; run < numRuns; run++) {
      const scale = scaleOf(bytes, at, run)
      for (let i = 0; i < GROUP; i++) out[first + run * GROUP + i] = scale * table[indexAt(bytes, at + pairsAt, run, i)]
    }
  }
  const repackBlock = (bytes: Uint8Array, at: number, { codes, scales }: QuantizedRows, first: number) => {
    for (let run = 0; run < numRuns; run++) {
      scales[first / GROUP + run] = nearestFloat16(scaleOf(bytes, at, run))
      for (let i = 0; i < GROUP; i++) codes[first + run * GROUP + i] = 128 + table[indexAt(bytes, at + pairsAt, run, i)]
    }
  }
  // the scales of IQ4_NL are f16
  return blockFormat(name, blockLen, blockBytes, decode, {
    ...{ bits: 8, hasZeros: false, isRounded: name !== 'IQ4_NL' },
    repackBlock,
  })
}

function indexAt(bytes: Uint8Array, pairsAt: number, run: number, i: number): number {
  return (bytes[pairsAt + run * 16 + (i & 15)] >> ((i >> 4) * 4)) & 15
}
