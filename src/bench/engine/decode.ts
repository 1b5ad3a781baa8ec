import { createEngine, type Engine } from '../../index'
import { capacity } from '../common/capacity'
import { type Figure, figure } from '../common/figure'
import { measureRun } from '../common/measure-run'
import type { Setting } from '../common/setting'
import { flops, parameters, sum } from '../common/work'
import { pairedRatio } from '../kernels/timing'
import { type KernelSum, kernelSum } from './kernel-sum'
import { medianOf, type StepCost, stepCost, unshared } from './step-cost'

/** Sequences that decode together, after prompts of so many tokens that share nothing. */
export interface DecodePoint {
  readonly batch: number
  readonly prompt: number
}

export interface DecodeTask {
  readonly kind: 'decode'
  readonly points: readonly DecodePoint[]
  readonly out: number
  /** Whether a step's kernels are timed by themselves too, in turn with whole steps. */
  readonly timesKernels: boolean
}

export interface MeasuredPoint extends DecodePoint {
  /** Time of a step. */
  readonly ms: Figure
  /** Rate of all sequences together. */
  readonly tokensPerSecond: Figure
  /** Least bytes of a step, weights and K and V read once; `flops`: least multiplications and additions. */
  readonly bytes: number
  readonly flops: number
  /** Costs of the step of median time. */
  readonly step: StepCost
  /** Times of kernels; undefined where they are not taken. */
  readonly kernels: MeasuredKernels | undefined
}

export interface MeasuredKernels {
  /** The sum of all kernels by themselves, in ms. */
  readonly ms: Figure
  /** That sum over the time of a step. */
  readonly ofStep: Figure
  /** All dispatches of a step in their order, in one pass, in ms. */
  readonly replayed: Figure
  /** Times by family in the round of median sum, in ms. */
  readonly families: KernelSum['families']
}

export interface DecodeReport {
  readonly kind: 'decode'
  readonly weightBytes: number
  /** Weights that a token multiplies. */
  readonly weights: number
  readonly points: readonly MeasuredPoint[]
}

export async function runDecode(task: DecodeTask, { model, engine: given, rounds }: Setting): Promise<DecodeReport> {
  const { points, out, timesKernels } = task
  const needs = points.map(({ batch, prompt }) => capacity(unshared(batch, prompt, out + 1)))
  const options = {
    frameMs: Number.POSITIVE_INFINITY,
    blocks: Math.max(...needs.map(({ blocks }) => blocks)),
    contextLength: Math.max(...needs.map(({ contextLength }) => contextLength)),
    ...given,
  }
  const engine = await createEngine(model, options)
  try {
    const measured: MeasuredPoint[] = []
    for (const [seed, point] of points.entries()) {
      const shape = unshared(point.batch, point.prompt, out)
      // drivers compile kernels when they are first used; the prompts stay in the cache
      await measureRun(engine, { ...shape, out: 2 }, seed)
      const costs: StepCost[] = []
      const sums: KernelSum[] = []
      for (let round = 0; round < rounds; round++) {
        costs.push(await stepCost(engine, shape, seed))
        if (timesKernels) sums.push(await kernelSum(engine, shape, seed))
      }
      measured.push(describe(engine, point, out, costs, sums))
    }
    const { config, memory } = engine
    const { layers, head } = parameters(config)
    return { kind: 'decode', weightBytes: memory.weightBytes, weights: layers + head, points: measured }
  } finally {
    engine.dispose()
  }
}

/** A point's measurements from the `costs` and `sums` of its rounds; sums may be missing. */
function describe(
  engine: Engine,
  point: DecodePoint,
  out: number,
  costs: readonly StepCost[],
  sums: readonly KernelSum[],
): MeasuredPoint {
  const { batch, prompt } = point
  const times = costs.map(({ ms }) => ms)
  const step = medianOf(costs, ({ ms }) => ms)
  // on average: the first token of a sequence is not decoded
  const context = prompt + 1 + (out + 1) / 2
  const work = flops(engine.config, { tokens: batch, attended: batch * context }, batch)
  return {
    ...point,
    ms: figure(times),
    tokensPerSecond: figure(times.map(ms => (1000 * batch) / ms)),
    bytes: engine.memory.weightBytes + step.kvBytesRead,
    flops: work.matrices + work.attention,
    step,
    kernels: sums.length > 0 ? describeKernels(sums, times) : undefined,
  }
}

/** Measurements of kernels from the sums of the rounds, beside the milliseconds of a step in each. */
function describeKernels(sums: readonly KernelSum[], stepMs: readonly number[]): MeasuredKernels {
  const total = ({ families }: KernelSum) => sum(Object.values(families))
  const totals = sums.map(total)
  return {
    ms: figure(totals),
    ofStep: pairedRatio(totals, stepMs),
    replayed: figure(sums.map(({ replayed }) => replayed)),
    families: medianOf(sums, total).families,
  }
}
