import type { Engine, EngineStats } from '../../index'
import type { Shape } from './shapes'
import { type Answers, numTurns, type Request, requests } from './workloads'

/** The measurements of one run of a workload. */
export interface Run {
  readonly ms: number
  readonly counts: Counts
  /** The engine's plan, made once more beside the clock; undefined for a chat, whose later turns depend on answers. */
  readonly plan: Plan | undefined
  /** Generated tokens, `[turns][requests][tokens]`. */
  readonly answers: Answers
  /** Each prompt with its answer, `[turns × requests][len]`. */
  readonly sequences: readonly (readonly number[])[]
}

/** Counts of a run; of tokens unless the name says otherwise. */
export interface Counts extends Difference {
  readonly generated: number
  /** Most blocks in use at once since the engine was created. */
  readonly peakBlocks: number
}

/** The part of a `JobPlan` that a run can be held against. */
export type Plan = Pick<
  Awaited<ReturnType<Engine['plan']>>,
  'computeTokens' | 'groups' | 'levels' | 'peakBlocks' | 'estimatedSteps'
>

/** Counters that grow while an engine works. */
type Difference = Pick<
  EngineStats,
  'steps' | 'prefillTokens' | 'computedTokens' | 'savedTokens' | 'kvBytesRead' | 'preemptions'
>

/**
 * Runs a workload once, turn by turn; making the prompts is not timed.
 * @throws if a prompt failed or gave another number of tokens: a run that goes wrong is very fast
 */
export async function measureRun(engine: Engine, shape: Shape, seed: number): Promise<Run> {
  const { vocabSize } = engine.config
  const before = await engine.stats()
  const answers: (readonly (readonly number[])[])[] = []
  const sequences: (readonly number[])[] = []
  let ms = 0
  for (let turn = 0; turn < numTurns(shape); turn++) {
    const batch = requests(shape, { seed, vocabSize }, answers)
    const began = performance.now()
    const replies = await answerAll(engine, batch)
    ms += performance.now() - began
    answers.push(replies)
    sequences.push(...batch.map(({ tokens }, index) => [...tokens, ...replies[index]]))
  }
  const generated = answers.flat().reduce((total, { length }) => total + length, 0)
  const after = await engine.stats()
  const counts = { ...difference(after, before), generated, peakBlocks: after.peakBlocks }
  const plan = shape.kind === 'tree' ? await planOf(engine, requests(shape, { seed, vocabSize })) : undefined
  return { ms, counts, plan, answers, sequences }
}

/**
 * Measures the decoding of a shape alone: a run with the first token only is subtracted, as in Hydragen's measurements. One
 * more such run before fills the cache of an engine that remembers, so that little more than decoding is left.
 */
export async function measureDecode(engine: Engine, shape: Shape, seed: number): Promise<Run> {
  await measureRun(engine, { ...shape, out: 1 }, seed)
  const first = await measureRun(engine, { ...shape, out: 1 }, seed)
  const whole = await measureRun(engine, { ...shape, out: 1 + shape.out }, seed)
  const generated = whole.counts.generated - first.counts.generated
  const counts = { ...whole.counts, ...difference(whole.counts, first.counts), generated }
  return { ...whole, ms: whole.ms - first.ms, counts, plan: undefined }
}

async function answerAll(engine: Engine, batch: readonly Request[]): Promise<(readonly number[])[]> {
  const results = await engine.generate(prompts(batch), params(batch)).all()
  for (const { index, tokenIds, error } of results) {
    const { maxTokens } = batch[index]
    if (tokenIds.length === maxTokens) continue
    throw new Error(`prompt ${index} gave ${tokenIds.length} of ${maxTokens} tokens: ${error?.message ?? 'no reason'}`)
  }
  return results.map(({ tokenIds }) => tokenIds)
}

async function planOf(engine: Engine, batch: readonly Request[]): Promise<Plan> {
  const { computeTokens, groups, levels, peakBlocks, estimatedSteps } = await engine.plan(prompts(batch), params(batch))
  return { computeTokens, groups, levels, peakBlocks, estimatedSteps }
}

function prompts(batch: readonly Request[]) {
  return batch.map(({ tokens }) => tokens)
}

function params(batch: readonly Request[]) {
  return batch.map(({ maxTokens }) => ({ maxTokens, ignoreEos: true }))
}

function difference(later: Difference, earlier: Difference): Difference {
  return {
    steps: later.steps - earlier.steps,
    prefillTokens: later.prefillTokens - earlier.prefillTokens,
    computedTokens: later.computedTokens - earlier.computedTokens,
    savedTokens: later.savedTokens - earlier.savedTokens,
    kvBytesRead: later.kvBytesRead - earlier.kvBytesRead,
    preemptions: later.preemptions - earlier.preemptions,
  }
}
