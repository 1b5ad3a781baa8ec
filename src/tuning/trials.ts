import type { TunableCall } from '../kernels/tunable'
import type { Stopwatch } from './stopwatch'
import { defaultWay } from './table'

const ROUNDS = 3
const MAX_RUNS = 512
/** The part of the default's time, or of a sample if that is longer, that another way must save to take its place. */
const GUARD = 0.03
/** A way that takes this many times as long as the fastest in one round is not timed again. */
const HOPELESS = 1.5
/** Runs may take this many times as long as is expected by the last ones. */
const MARGIN = 1.5

/** Calls of one shape, as they are timed. */
export interface Trial {
  readonly calls: readonly TunableCall[]
  /** The calls' recorders in the stopwatch's step, by the index of each way that was run. */
  readonly recorders: Map<number, readonly ((numTokens: number) => void)[]>
  /** Milliseconds of a run for one token by the default, for the last number of tokens that was timed. */
  msPerToken: number
}

/** Times the ways to make a call against each other, by no sample that is expected to end after a deadline. */
export class Trials {
  readonly #watch: Stopwatch
  readonly #deadline: number
  readonly #signal: AbortSignal | undefined
  /** The most that a sample took longer than what it timed; and the most that a first run took, when some drivers compile. */
  #delayMs = 0
  #firstRunMs = 0

  /** @param deadline by `performance.now()` */
  constructor(watch: Stopwatch, deadline: number, signal?: AbortSignal) {
    this.#watch = watch
    this.#deadline = deadline
    this.#signal = signal
  }

  /** Milliseconds of a run by the default, from which follow those for about so many tokens; undefined if there is no time. */
  async probe(trial: Trial, tokens: number): Promise<number | undefined> {
    const usual = defaultWay(trial.calls[0].ways, tokens)
    const expected = trial.msPerToken * tokens
    if (!(await this.#prepare(trial, usual, tokens))) return undefined
    const ms = await this.#sample(trial, usual, tokens, 1, expected)
    if (ms !== undefined) trial.msPerToken = ms / tokens
    return ms
  }

  /** The fastest of the default and its neighbours, after a probe; undefined if there is no time to tell. */
  async fastest(trial: Trial, tokens: number): Promise<number | undefined> {
    const { ways } = trial.calls[0]
    const usual = defaultWay(ways, tokens)
    const candidates = [usual, usual - 1, usual + 1].filter(way => way in ways)
    for (const way of candidates) if (!(await this.#prepare(trial, way, tokens))) return undefined
    const { sampleMs } = this.#watch
    let runMs = trial.msPerToken * tokens
    let runs = 1
    while (runs * runMs < sampleMs && runs < MAX_RUNS) {
      runs = Math.min(MAX_RUNS, 16 * runs, Math.ceil((1.2 * sampleMs) / runMs))
      const ms = await this.#sample(trial, usual, tokens, runs, runMs)
      if (ms === undefined) return undefined
      runMs = ms / runs
    }
    // the least of some samples: whatever else runs meanwhile can only add to them
    const best = new Map(candidates.map(way => [way, Infinity]))
    for (let round = 0; round < ROUNDS; round++) {
      for (const [way, least] of best) {
        const expected = least < Infinity ? least / runs : runMs
        const ms = await this.#sample(trial, way, tokens, runs, expected)
        // runs that are long by themselves make do with one round
        if (ms === undefined && (round === 0 || runs > 1)) return undefined
        best.set(way, Math.min(least, ms ?? Infinity))
      }
      const least = Math.min(...best.values())
      for (const [way, ms] of best) if (ms > HOPELESS * least && way !== usual) best.delete(way)
    }
    const [[, usualMs], ...others] = best
    const [way, least] = others.sort(([, a], [, b]) => a - b)[0] ?? [usual, usualMs]
    return least < usualMs - GUARD * Math.max(usualMs, sampleMs) ? way : usual
  }

  /** Runs a way for the first time, which is no measure of it; false if there is no time for it. */
  async #prepare(trial: Trial, way: number, tokens: number): Promise<boolean> {
    const { calls, recorders, msPerToken } = trial
    if (recorders.has(way)) return true
    const expected = msPerToken * tokens
    if (!this.#isTimeFor(expected, this.#firstRunMs)) return false
    const start = performance.now()
    const recorder = calls.map(call => call.record(way, this.#watch.step))
    recorders.set(way, recorder)
    await this.#watch.time(recorder, tokens, 1)
    this.#firstRunMs = Math.max(this.#firstRunMs, performance.now() - start - expected)
    return true
  }

  /** Milliseconds of `runs`; undefined if there is no time for them. */
  async #sample(trial: Trial, way: number, tokens: number, runs: number, runMs: number): Promise<number | undefined> {
    if (!this.#isTimeFor(runs * runMs, this.#delayMs)) return undefined
    const start = performance.now()
    const ms = await this.#watch.time(trial.recorders.get(way) ?? [], tokens, runs)
    this.#delayMs = Math.max(this.#delayMs, performance.now() - start - ms)
    return ms
  }

  #isTimeFor(ms: number, delayMs: number): boolean {
    this.#signal?.throwIfAborted()
    return performance.now() + MARGIN * ms + delayMs < this.#deadline
  }
}
