import {
  isQuantized,
  type MatrixFormat,
  matrixFormat,
  type QuantizedFormat,
  type WeightFormat,
} from '../kernels/matrix-format'
import type { Encoding } from '../loader'

/** The formats that weights may be kept in. */
export interface WeightChoice {
  /** The widest format of a matrix, and that of all floats. */
  readonly format: WeightFormat
  /** Whether integers of a quantised source stay what they are, where they are not wider. */
  readonly keepsIntegers: boolean
}

const BY_WIDTH: readonly WeightFormat[] = ['q4', 'q8', 'f16', 'f32']

/**
 * The format of a matrix that is stacked of tensors with these encodings, each [rows, cols]. It holds what each of them
 * is to be kept as: the widest kind, the shortest group, zeros if any has them.
 * @param sources undefined: not there, which is found to be wrong later
 * @param isSensitive an embedding, of tokens or positions, or the LM head: rounded to 8 bits at the least, since an error there is in every token
 */
export function chooseFormat(
  { format: limit, keepsIntegers }: WeightChoice,
  sources: readonly (Encoding | undefined)[],
  cols: number,
  isSensitive: boolean,
): MatrixFormat {
  if (!keepsIntegers) return matrixFormat(limit, cols)
  const widest = isSensitive && limit === 'q4' ? 'q8' : limit
  const wanted = sources.map(source => {
    const own = source && keptFormat(source, cols)
    return own && width(own) <= BY_WIDTH.indexOf(widest) ? own : matrixFormat(widest, cols)
  })
  const most = wanted.reduce((a, b) => (width(b) > width(a) ? b : a))
  if (!isQuantized(most)) return most
  const integers = wanted.filter(isQuantized)
  return {
    kind: most.kind,
    group: integers.reduce((min, { group }) => (group < min ? group : min), most.group),
    hasZeros: integers.some(({ hasZeros }) => hasZeros),
  }
}

/**
 * The narrowest of our formats that loses nothing noteworthy of a quantised source; undefined for floats. Of formats that we
 * cannot keep, integers whose groups are too short or scattered have at most 6 bits, and floats of 8 have 4 that count: 8 are
 * enough for them.
 */
function keptFormat({ integers }: Encoding, cols: number): QuantizedFormat | undefined {
  if (integers === undefined || cols % 32 !== 0) return undefined
  if (integers === 'other') return { kind: 'q8', group: 32, hasZeros: false }
  return { kind: integers.bits === 8 ? 'q8' : 'q4', group: integers.group, hasZeros: integers.hasZeros }
}

function width({ kind }: MatrixFormat): number {
  return BY_WIDTH.indexOf(kind)
}
