import { blockFormat, float16At, int8At, type RepackBlock, setAffineGroup, type TensorFormat } from './block'

// ggml's "K" family: 256 elements in runs of 32 or 16, whose scales are small integers times a scale of the block.

/** d, m (f16), 12 bytes of 6-bit scales and minima, 128 bytes of 4-bit pairs: y = d scale q - m min, per run of 32 */
export const q4_k: TensorFormat = blockFormat(
  'Q4_K',
  256,
  144,
  (bytes, at, out, first) => decodeRuns(bytes, at, undefined, at + 16, out, first),
  {
    bits: 4,
    hasZeros: true,
    isRounded: true,
    repackBlock: (bytes, at, out, first) => repackRuns(bytes, at, undefined, at + 16, out, first),
  },
)

/** d, m (f16), 12 bytes of scales and minima as in Q4_K, 32 bytes of fifth bits, 128 bytes of 4-bit pairs */
export const q5_k: TensorFormat = blockFormat(
  'Q5_K',
  256,
  176,
  (bytes, at, out, first) => decodeRuns(bytes, at, at + 16, at + 48, out, first),
  {
    bits: 8,
    hasZeros: true,
    isRounded: true,
    repackBlock: (bytes, at, out, first) => repackRuns(bytes, at, at + 16, at + 48, out, first),
  },
)

/**
 * 128 bytes of low 4 bits, 64 of high 2 bits, 16 scales (i8), d (f16): y = d scale (q - 32), per run of 16.
 * Each half of the block, 128 elements, has its low bits in 64 bytes: elements 0 to 63 in the lower halves of the
 * bytes, 64 to 127 in the upper; and its high bits in 32 bytes: two for each of the elements i, 32 + i, 64 + i, 96 + i.
 */
export const q6_k: TensorFormat = blockFormat('Q6_K', 256, 210, (bytes, at, out, first) => {
  const blockScale = float16At(bytes, at + 208)
  for (let i = 0; i < 256; i++) {
    const half = i >> 7
    const within = i & 127
    const low = (bytes[at + half * 64 + (within & 63)] >> ((within >> 6) * 4)) & 15
    const high = (bytes[at + 128 + half * 32 + (within & 31)] >> ((within >> 5) * 2)) & 3
    out[first + i] = blockScale * int8At(bytes, at + 192 + (i >> 4)) * (low + high * 16 - 32)
  }
})

function decodeRuns(
  bytes: Uint8Array,
  at: number,
  fifthBitsAt: number | undefined,
  pairsAt: number,
  out: Float32Array,
  first: number,
): void {
  const blockScale = float16At(bytes, at)
  const blockMin = float16At(bytes, at + 2)
  for (let run = 0; run < 8; run++) {
    const scale = blockScale * sixBits(bytes, at + 4, run, 0)
    const min = blockMin * sixBits(bytes, at + 4, run, 4)
    const to = first + run * 32
    readRun(bytes, fifthBitsAt, pairsAt, run, out, to)
    for (let i = to; i < to + 32; i++) out[i] = scale * out[i] - min
  }
}

function repackRuns(
  bytes: Uint8Array,
  at: number,
  fifthBitsAt: number | undefined,
  pairsAt: number,
  out: Parameters<RepackBlock>[2],
  first: number,
): void {
  const blockScale = float16At(bytes, at)
  const blockMin = float16At(bytes, at + 2)
  for (let run = 0; run < 8; run++) {
    const scale = blockScale * sixBits(bytes, at + 4, run, 0)
    const min = blockMin * sixBits(bytes, at + 4, run, 4)
    readRun(bytes, fifthBitsAt, pairsAt, run, out.codes, first + run * 32)
    setAffineGroup(out, first + run * 32, scale, -min)
  }
}

/** The 32 integers of a run. Runs 2 r and 2 r + 1 are the lower and upper halves of 32 bytes; run r has bit r of each byte of fifth bits. */
function readRun(
  bytes: Uint8Array,
  fifthBitsAt: number | undefined,
  pairsAt: number,
  run: number,
  out: Float32Array | Uint8Array,
  to: number,
): void {
  const runAt = pairsAt + (run >> 1) * 32
  const shift = (run & 1) * 4
  for (let i = 0; i < 32; i++) {
    const fifth = fifthBitsAt === undefined ? 0 : (bytes[fifthBitsAt + i] >> run) & 1
    out[to + i] = ((bytes[runAt + i] >> shift) & 15) + fifth * 16
  }
}

/**
 * The 6-bit scale (`offset` 0) or minimum (`offset` 4) of a run. Bytes 0 to 7 hold those of runs 0 to 3, and in their
 * two top bits the top bits of runs 4 to 7, whose low bits are in bytes 8 to 11: scales below, minima above.
 */
function sixBits(bytes: Uint8Array, at: number, run: number, offset: 0 | 4): number {
  const own = bytes[at + offset + (run & 3)]
  return run < 4 ? own & 63 : ((bytes[at + 4 + run] >> offset) & 15) | ((own >> 6) << 4)
}
