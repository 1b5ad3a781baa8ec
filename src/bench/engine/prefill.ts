import { createEngine } from '../../index'
import { capacity } from '../common/capacity'
import { type Figure, figure } from '../common/figure'
import { measureRun } from '../common/measure-run'
import type { Setting } from '../common/setting'
import { flops } from '../common/work'
import { unshared } from './step-cost'

/** A task that times single steps of so many tokens: prompts of 32, new in every round, of each of which one token is drawn. */
export interface PrefillTask {
  readonly kind: 'prefill'
  /** Tokens of each step, multiples of 32. */
  readonly tokens: readonly number[]
}

export interface PrefillReport {
  readonly kind: 'prefill'
  readonly points: readonly {
    readonly tokens: number
    readonly ms: Figure
    readonly bytes: number
    readonly flops: number
    readonly dispatches: number
  }[]
}

const PROMPT = 32

/** Times the steps. @throws if a point took more than one */
export async function runPrefill(task: PrefillTask, { model, engine: given, rounds }: Setting): Promise<PrefillReport> {
  const most = Math.max(...task.tokens)
  const { blocks } = capacity(unshared(most / PROMPT, PROMPT, 1))
  const options = {
    frameMs: Number.POSITIVE_INFINITY,
    blocks: 2 * blocks,
    contextLength: 2 * PROMPT,
    ...given,
    tokenBudget: most,
  }
  const engine = await createEngine(model, options)
  try {
    const points: PrefillReport['points'][number][] = []
    for (const tokens of task.tokens) {
      const batch = tokens / PROMPT
      const times: number[] = []
      const before = await engine.stats()
      // round 0 warms up
      for (let round = 0; round <= rounds; round++) {
        const { ms, counts } = await measureRun(engine, unshared(batch, PROMPT, 1), tokens + round)
        if (counts.steps !== 1) throw new Error(`${tokens} tokens took ${counts.steps} steps`)
        if (round > 0) times.push(ms)
      }
      const dispatches = ((await engine.stats()).dispatches - before.dispatches) / (rounds + 1)
      const work = flops(engine.config, { tokens, attended: (tokens * (PROMPT + 1)) / 2 }, batch)
      const bytes = engine.memory.weightBytes
      points.push({ tokens, ms: figure(times), bytes, flops: work.matrices + work.attention, dispatches })
    }
    return { kind: 'prefill', points }
  } finally {
    engine.dispose()
  }
}
