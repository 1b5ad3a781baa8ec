import type { Engine, EngineStats } from '../../index'
import { measureRun } from '../common/measure-run'
import type { TreeShape } from '../common/shapes'
import { sum } from '../common/work'

type Phase = keyof EngineStats['stepTimes']

/** Costs of a decode step, on average over a run. */
export interface StepCost {
  readonly ms: number
  /** Times of the step loop's thread, in ms; together the whole step. */
  readonly phases: Readonly<Record<Phase, number>>
  readonly dispatches: number
  readonly kvBytesRead: number
  readonly uploadedBytes: number
}

/** The shape of `batch` prompts of `prompt` tokens that share nothing; each generates `out` tokens. */
export function unshared(batch: number, prompt: number, out: number): TreeShape {
  return { kind: 'tree', levels: [{ fanout: batch, tokens: prompt }], out, timing: 'whole' }
}

/**
 * The cost of a decode step: that of the same call for one token is subtracted, so that neither prompts nor the planning of a
 * call count. With the same seed as before, the engine still holds the prompts' K and V.
 */
export async function stepCost(engine: Engine, shape: TreeShape, seed: number): Promise<StepCost> {
  const first = await totals(engine, { ...shape, out: 1 }, seed)
  const whole = await totals(engine, { ...shape, out: 1 + shape.out }, seed)
  return perStep(whole, first)
}

/** Costs of a whole call. */
export interface Totals extends Omit<StepCost, 'phases'> {
  readonly steps: number
  /** Times of the loop, without waiting, in ms. */
  readonly busy: Readonly<Record<Exclude<Phase, 'wait'>, number>>
}

/** The cost of each step that one call has and another has not. */
export function perStep(whole: Totals, first: Totals): StepCost {
  const steps = whole.steps - first.steps
  const each = (of: (totals: Totals) => number) => (of(whole) - of(first)) / steps
  const ms = each(totals => totals.ms)
  const busy = mapValues(whole.busy, (_, phase) => each(totals => totals.busy[phase]))
  const wait = ms - sum(Object.values(busy))
  return {
    ms,
    phases: { ...busy, wait },
    dispatches: each(totals => totals.dispatches),
    kvBytesRead: each(totals => totals.kvBytesRead),
    uploadedBytes: each(totals => totals.uploadedBytes),
  }
}

/** The run of median time, so that its parts are of one run; of an even number the faster of the two in the middle. */
export function medianOf<T>(runs: readonly T[], ms: (run: T) => number): T {
  return runs.toSorted((a, b) => ms(a) - ms(b))[(runs.length - 1) >> 1]
}

async function totals(engine: Engine, shape: TreeShape, seed: number): Promise<Totals> {
  const before = await engine.stats()
  const { ms } = await measureRun(engine, shape, seed)
  const after = await engine.stats()
  const { wait: _, ...phases } = after.stepTimes
  return {
    ms,
    steps: after.steps - before.steps,
    busy: mapValues(phases, (time, phase) => time - before.stepTimes[phase]),
    dispatches: after.dispatches - before.dispatches,
    kvBytesRead: after.kvBytesRead - before.kvBytesRead,
    uploadedBytes: after.uploadedBytes - before.uploadedBytes,
  }
}

function mapValues<K extends string>(
  values: Readonly<Record<K, number>>,
  map: (value: number, key: K) => number,
): Record<K, number> {
  const entries = Object.entries(values) as [K, number][]
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value, key)])) as Record<K, number>
}
