import type { Engine } from '../engine/interface'
import type { Effort } from './progress'

export const NO_EFFORT: Effort = {
  elapsedMs: 0,
  tokensPerSecond: 0,
  etaMs: undefined,
  computedTokens: 0,
  savedTokens: 0,
}

/** Answers so far. */
interface Counts {
  readonly done: number
  readonly decodeTokens: number
}

/** Measures a stretch of work on a job, on top of those before. */
export class EffortClock {
  readonly #began = performance.now()
  /** The first answers: before them prompts were planned and kernels compiled, once for all of them. */
  #warm: { readonly done: number; readonly at: number } | undefined

  private constructor(
    readonly engine: Engine,
    readonly before: Effort,
    readonly stats: Awaited<ReturnType<Engine['stats']>>,
    readonly counts: Counts,
  ) {}

  static async start(engine: Engine, before: Effort, counts: Counts): Promise<EffortClock> {
    return new EffortClock(engine, before, await engine.stats(), counts)
  }

  async read(now: Counts, total: number): Promise<Effort> {
    const { prefillTokens, savedTokens } = await this.engine.stats()
    const at = performance.now()
    const ms = at - this.#began
    if (now.done > this.counts.done) this.#warm ??= { done: now.done, at }
    const numWarm = this.#warm ? now.done - this.#warm.done : 0
    const perRow = this.#warm && numWarm > 0 ? (at - this.#warm.at) / numWarm : undefined
    return {
      elapsedMs: this.before.elapsedMs + ms,
      tokensPerSecond: ms === 0 ? 0 : (now.decodeTokens - this.counts.decodeTokens) / (ms / 1000),
      etaMs: now.done === total ? 0 : perRow && perRow * (total - now.done),
      computedTokens: this.before.computedTokens + prefillTokens - this.stats.prefillTokens,
      savedTokens: this.before.savedTokens + savedTokens - this.stats.savedTokens,
    }
  }
}
