import { createEngine, type Engine } from '../../index'
import { capacity } from '../common/capacity'
import { type Figure, figure } from '../common/figure'
import { measureRun } from '../common/measure-run'
import type { Setting } from '../common/setting'
import { flops } from '../common/work'
import { requests } from '../common/workloads'
import { percentile } from './statistics'
import { unshared } from './step-cost'

/** A task that times loading, the first token of one prompt, and tokens as a caller of `stream` sees them. */
export interface LatencyTask {
  readonly kind: 'latency'
  /** Lengths of prompts in tokens. */
  readonly prompts: readonly number[]
  readonly batches: readonly number[]
}

export interface LatencyReport {
  readonly kind: 'latency'
  /** Time until the engine is made, and until it has given a first token, in a page or process that has compiled nothing yet. */
  readonly loadMs: number
  readonly loadToTokenMs: number
  readonly weightBytes: number
  readonly first: readonly {
    readonly prompt: number
    readonly ms: Figure
    readonly bytes: number
    readonly flops: number
  }[]
  readonly between: readonly {
    readonly batch: number
    readonly gaps: number
    readonly p50: number
    readonly p99: number
  }[]
}

const SHORT_PROMPT = 16
const STREAMED = 64

export async function runLatency({ prompts, batches }: LatencyTask, setting: Setting): Promise<LatencyReport> {
  const { model, engine: given, rounds } = setting
  const began = performance.now()
  const { contextLength } = capacity(unshared(1, Math.max(...prompts), STREAMED))
  const { blocks } = capacity(unshared(Math.max(...batches), SHORT_PROMPT, STREAMED))
  const needed = Math.max(blocks, contextLength / 16)
  const engine = await createEngine(model, {
    frameMs: Number.POSITIVE_INFINITY,
    blocks: needed,
    contextLength,
    ...given,
  })
  try {
    const loadMs = performance.now() - began
    await measureRun(engine, unshared(1, SHORT_PROMPT, 1), 0)
    const loadToTokenMs = performance.now() - began
    const first = []
    for (const prompt of prompts) first.push({ prompt, ...(await firstToken(engine, prompt, rounds)) })
    const between = []
    for (const batch of batches) {
      await measureRun(engine, unshared(batch, SHORT_PROMPT, 4), 0)
      const gaps: number[] = []
      for (let round = 1; round <= rounds; round++) gaps.push(...(await gapsOf(engine, batch, round)))
      between.push({ batch, gaps: gaps.length, p50: percentile(gaps, 0.5), p99: percentile(gaps, 0.99) })
    }
    const { weightBytes } = engine.memory
    return { kind: 'latency', loadMs, loadToTokenMs, weightBytes, first, between }
  } finally {
    engine.dispose()
  }
}

async function firstToken(engine: Engine, prompt: number, rounds: number) {
  const times: number[] = []
  // round 0 warms up
  for (let round = 0; round <= rounds; round++) {
    const { ms } = await measureRun(engine, unshared(1, prompt, 1), 100 + round)
    if (round > 0) times.push(ms)
  }
  const { matrices, attention } = flops(engine.config, { tokens: prompt, attended: (prompt * (prompt + 1)) / 2 }, 1)
  return { ms: figure(times), bytes: engine.memory.weightBytes, flops: matrices + attention }
}

/** Milliseconds between one piece of text and the next of the same sequence, of all sequences. */
async function gapsOf(engine: Engine, batch: number, seed: number): Promise<number[]> {
  const { vocabSize } = engine.config
  const prompts = requests(unshared(batch, SHORT_PROMPT, STREAMED), { seed, vocabSize })
  const each = await Promise.all(
    prompts.map(async ({ tokens, maxTokens }) => {
      const arrivals: number[] = []
      for await (const _ of engine.stream(tokens, { maxTokens, ignoreEos: true })) arrivals.push(performance.now())
      return arrivals.slice(1).map((at, index) => at - arrivals[index])
    }),
  )
  return each.flat()
}
