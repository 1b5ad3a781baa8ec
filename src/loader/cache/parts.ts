const MIN_PART_BYTES = 2 ** 18
/** The largest part: large enough that stores run at full speed, small enough to hold some in memory. */
const MAX_PART_BYTES = 2 ** 22
/** Parts that a file is cut into, about: an interrupted download loses one for each connection and what is in the line's buffers, some 1%. */
const NUM_PARTS = 256
/** Most bytes asked for at once: enough that the round trip does not show, few enough to come nearly in order. */
const MAX_REQUEST_BYTES = 2 ** 24

/** The state of a part; `coming` is one that was asked for. */
export type PartState = 'absent' | 'coming' | 'stored'

/** A run of parts, [first, end). */
export interface PartRun {
  readonly first: number
  readonly end: number
}

/** The way in which a file of `bytes` is cut into parts, each of which is stored by itself. */
export class PartLayout {
  readonly partBytes: number
  readonly numParts: number
  /** Most parts in one request. */
  readonly maxRun: number

  constructor(readonly bytes: number) {
    const wanted = 2 ** Math.floor(Math.log2(Math.max(1, bytes / NUM_PARTS)))
    this.partBytes = Math.min(MAX_PART_BYTES, Math.max(MIN_PART_BYTES, wanted))
    this.numParts = Math.ceil(bytes / this.partBytes)
    this.maxRun = MAX_REQUEST_BYTES / this.partBytes
  }

  /** First byte of a part; of the one after the last, the file's end. */
  begin(part: number): number {
    return Math.min(this.bytes, part * this.partBytes)
  }

  size(part: number): number {
    return this.begin(part + 1) - this.begin(part)
  }
}

/**
 * The first run of absent parts, of at most `maxRun`, among the `window` parts from `from` on, where the first part comes
 * after the last; undefined if there is none.
 */
export function nextRun(
  states: readonly PartState[],
  from: number,
  window: number,
  maxRun: number,
): PartRun | undefined {
  const isWanted = (step: number) => step < window && states[(from + step) % states.length] === 'absent'
  for (let step = 0; step < Math.min(window, states.length); step++) {
    if (!isWanted(step)) continue
    const first = (from + step) % states.length
    let length = 1
    while (length < maxRun && first + length < states.length && isWanted(step + length)) length++
    return { first, end: first + length }
  }
  return undefined
}
