import { type Figure, figure } from '../common/figure'
import type { Prepared } from './case'

/**
 * Least time of a batch, so that neither the clock nor the wait for the queue counts. (Timestamp queries would
 * have to be read at a pass's ends only, and browsers round them to 0.1 ms.)
 */
const BATCH_MS = 30

/** Most runs that are encoded at a time. */
const MAX_RUNS = 4096

/** Most batches in which the number of runs is looked for. */
const MAX_GROWTHS = 12

/** A place that kernels are recorded into. */
export interface Submitter {
  /** Submits what was recorded since, if anything, and waits until it is done. */
  finish(): Promise<void>
}

/** Runs kernels many times in one submit. */
export class Timer {
  readonly #submitter: Submitter
  /** Milliseconds of a submit with nothing in it. */
  #idleMs = 0
  /** Number of the run over all batches, so that copies go on being read in turn. */
  #run = 0

  constructor(submitter: Submitter) {
    this.#submitter = submitter
  }

  async calibrate(): Promise<void> {
    const samples: number[] = []
    for (let i = 0; i < 20; i++) samples.push(await this.#submit())
    this.#idleMs = figure(samples).median
  }

  /** Milliseconds of one run, over `runs` in one pass. */
  async batch({ begin }: Pick<Prepared, 'begin'>, runs: number): Promise<number> {
    const record = begin()
    for (let i = 0; i < runs; i++) record(this.#run++)
    return Math.max(0, (await this.#submit()) - this.#idleMs) / runs
  }

  /** The number of runs that make a batch long enough. */
  async findRuns(prepared: Pick<Prepared, 'begin'>): Promise<number> {
    let runs = 1
    for (let growth = 0; growth < MAX_GROWTHS; growth++) {
      // the faster of two: a hiccup must not look like a long run
      const ms = Math.min(await this.batch(prepared, runs), await this.batch(prepared, runs)) * runs
      if (ms >= BATCH_MS || runs === MAX_RUNS) break
      runs = Math.min(MAX_RUNS, Math.ceil(runs * Math.min(16, (1.2 * BATCH_MS) / Math.max(ms, 0.1))))
    }
    return runs
  }

  async #submit(): Promise<number> {
    const start = performance.now()
    await this.#submitter.finish()
    return performance.now() - start
  }
}

/** The ratio of two times: that of the medians with the extremes of the rounds' own ratios. */
export function pairedRatio(above: readonly number[], below: readonly number[]): Figure {
  const { min, max } = figure(above.map((ms, round) => ms / below[round]))
  return { median: figure(above).median / figure(below).median, min, max }
}

/** Times kernels in turn, the order reversed in every other round: milliseconds of one run, `[kernels][rounds]`. */
export async function measureInTurn(
  timer: Timer,
  kernels: readonly Pick<Prepared, 'begin'>[],
  rounds: number,
): Promise<number[][]> {
  const runs: number[] = []
  for (const kernel of kernels) runs.push(await timer.findRuns(kernel))
  const times = kernels.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    const order = kernels.map((_, index) => (round % 2 === 0 ? index : kernels.length - 1 - index))
    for (const index of order) times[index].push(await timer.batch(kernels[index], runs[index]))
  }
  return times
}
