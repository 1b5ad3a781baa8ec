import { BLOCK_LEN, blocksFor } from '../core/block'

/** The blocks that a running sequence takes if it runs to its maximum. Times are in steps from now. */
export interface Lifetime {
  /** Tokens with K and V now; one more each step from now on, until there are `maxTokens`. */
  readonly numTokens: number
  readonly maxTokens: number
  /** First blocks of it that are not charged to it, because others hold them too. */
  readonly numShared: number
  /** Most blocks charged to it: a window leaves it no more. */
  readonly mostBlocks: number
  /** Steps for which it may hold its blocks beyond the one that completes it when nothing holds it up. */
  readonly delay: number
}

/**
 * Most blocks in use at once if all sequences run to their maximum and no other starts: the admission bound of S-LoRA
 * (arXiv:2311.03285, its released scheduler), in whole blocks instead of tokens. Exact without delays. With them an upper
 * bound: a sequence is charged as if it grew without its delay and left with it, so no order of events can exceed it.
 * O(n log n) in the number of sequences.
 *
 * For example, one sequence has 30 tokens of at most 64, another 10 of at most 20. In the end they take 4 and 2 blocks of 16
 * tokens, but not at once: after 10 steps, just before the second ends, the first has 40 tokens in 3 blocks. So the peak is
 * 5 blocks, and a pool of 5 is enough for both.
 */
export function peakBlocks(lifetimes: readonly Lifetime[]): number {
  const byGrowth = lifetimes.toSorted((a, b) => growth(a) - growth(b))
  const byEnd = lifetimes.toSorted((a, b) => endOf(a) - endOf(b))
  const growing = new GrowingBlocks(lifetimes)
  let fullGrown = 0
  let peak = 0
  let numGrown = 0
  // use only grows between one end and the next, so that its peak is just before some end
  for (let numEnded = 0; numEnded < byEnd.length; ) {
    const now = endOf(byEnd[numEnded])
    for (; numGrown < byGrowth.length && growth(byGrowth[numGrown]) <= now; numGrown++) {
      growing.remove(byGrowth[numGrown])
      fullGrown += finalBlocks(byGrowth[numGrown])
    }
    peak = Math.max(peak, fullGrown + growing.totalAt(now))
    for (; numEnded < byEnd.length && endOf(byEnd[numEnded]) === now; numEnded++) {
      fullGrown -= finalBlocks(byEnd[numEnded])
    }
  }
  return peak
}

/** Blocks charged to a sequence in the end. */
export function finalBlocks({ maxTokens, numShared, mostBlocks }: Lifetime): number {
  return Math.min(blocksFor(maxTokens) - numShared, mostBlocks)
}

/** Steps until it has all the blocks it will get. */
function growth({ numTokens, maxTokens, numShared, mostBlocks }: Lifetime): number {
  return Math.max(0, Math.min(maxTokens, (numShared + mostBlocks) * BLOCK_LEN) - numTokens)
}

function endOf({ numTokens, maxTokens, delay }: Lifetime): number {
  return maxTokens - numTokens + delay
}

/** The blocks of sequences that get a token every step, as a function of time; sequences of equal phase are one number. */
class GrowingBlocks {
  /** Blocks now, each rounded up with `phase` tokens to spare. */
  #blocks = 0
  /** [BLOCK_LEN]: how many sequences take a further block each time that phase + steps reaches a multiple of BLOCK_LEN. */
  readonly #phases = new Uint32Array(BLOCK_LEN)

  constructor(lifetimes: readonly Lifetime[]) {
    for (const lifetime of lifetimes) this.#count(lifetime, 1)
  }

  remove(lifetime: Lifetime): void {
    this.#count(lifetime, -1)
  }

  totalAt(step: number): number {
    let total = this.#blocks
    this.#phases.forEach((count, phase) => {
      total += count * Math.floor((phase + step) / BLOCK_LEN)
    })
    return total
  }

  #count({ numTokens, numShared }: Lifetime, sign: 1 | -1): void {
    const roundedUp = numTokens + BLOCK_LEN - 1
    this.#blocks += sign * (Math.floor(roundedUp / BLOCK_LEN) - numShared)
    this.#phases[roundedUp % BLOCK_LEN] += sign
  }
}
