import { capacity } from '../bench/capacity'
import { type Figure, figure } from '../bench/figure'
import { measureRun } from '../bench/measure-run'
import type { Setting } from '../bench/setting'
import { flops, parameters } from '../bench/work'
import { createEngine, type Engine } from '../index'
import { medianCost, type StepCost, stepCost, unshared } from './step-cost'

/** Sequences that decode together, after prompts of so many tokens that share nothing. */
export interface DecodePoint {
  readonly batch: number
  readonly prompt: number
}

export interface DecodeTask {
  readonly kind: 'decode'
  readonly points: readonly DecodePoint[]
  readonly out: number
  /** Whether kernels are timed too, by a second engine in turn with the first. */
  readonly isProfiled: boolean
}

export interface MeasuredPoint extends DecodePoint {
  /** Of a step. */
  readonly ms: Figure
  /** Of all sequences. */
  readonly tokensPerSecond: Figure
  /** What a step cannot do with less of: weights, and K and V, read once; multiplications and additions. */
  readonly bytes: number
  readonly flops: number
  /** The step of median time. */
  readonly step: StepCost
  /** Of the engine that times its kernels; undefined where nothing is profiled. */
  readonly profiled: StepCost | undefined
}

export interface DecodeReport {
  readonly kind: 'decode'
  readonly weightBytes: number
  /** Weights that a token multiplies. */
  readonly weights: number
  readonly points: readonly MeasuredPoint[]
}

export async function runDecode(task: DecodeTask, { model, engine: given, rounds }: Setting): Promise<DecodeReport> {
  const { points, out, isProfiled } = task
  const needs = points.map(({ batch, prompt }) => capacity(unshared(batch, prompt, out + 1)))
  const options = {
    blocks: Math.max(...needs.map(({ blocks }) => blocks)),
    contextLength: Math.max(...needs.map(({ contextLength }) => contextLength)),
    ...given,
  }
  const engines: Engine[] = []
  try {
    for (const profile of isProfiled ? [false, true] : [false]) {
      engines.push(await createEngine(model, { ...options, profile }))
    }
    const measured: MeasuredPoint[] = []
    for (const [seed, point] of points.entries()) {
      const shape = unshared(point.batch, point.prompt, out)
      // drivers compile kernels when they are first used; the prompts stay in the cache
      for (const engine of engines) await measureRun(engine, { ...shape, out: 2 }, seed)
      const costs = engines.map((): StepCost[] => [])
      for (let round = 0; round < rounds; round++) {
        for (const [index, engine] of engines.entries()) costs[index].push(await stepCost(engine, shape, seed))
      }
      measured.push(describe(engines[0], point, out, costs))
    }
    const [{ config, memory }] = engines
    const { layers, head } = parameters(config)
    return { kind: 'decode', weightBytes: memory.weightBytes, weights: layers + head, points: measured }
  } finally {
    for (const engine of engines) engine.dispose()
  }
}

/** `costs`: `[unprofiled, profiled][rounds]` */
function describe(engine: Engine, point: DecodePoint, out: number, costs: readonly StepCost[][]): MeasuredPoint {
  const { batch, prompt } = point
  const [plain, profiled] = costs
  const step = medianCost(plain)
  // on average: the first token of a sequence is not decoded
  const context = prompt + 1 + (out + 1) / 2
  const work = flops(engine.config, { tokens: batch, attended: batch * context }, batch)
  return {
    ...point,
    ms: figure(plain.map(({ ms }) => ms)),
    tokensPerSecond: figure(plain.map(({ ms }) => (1000 * batch) / ms)),
    bytes: engine.memory.weightBytes + step.kvBytesRead,
    flops: work.matrices + work.attention,
    step,
    profiled: profiled && medianCost(profiled),
  }
}
