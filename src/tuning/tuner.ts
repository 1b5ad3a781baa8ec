import type { Gpu } from '../gpu/device'
import type { TunableCall, Tuning, WayChoice } from '../kernels/tunable'
import { Stopwatch } from './stopwatch'
import { arePicks, casesOf, choicesOf, defaultWay, type TuningTable } from './table'

/** For everything: what it does not suffice for stays as it is thought to be best. */
const BUDGET_MS = 1000
const ROUNDS = 3
/** A sample takes this long if that takes no more runs than `MAX_RUNS`. */
const SAMPLE_MS = 1.5
const MAX_RUNS = 64
/** What is thought to be best gives way to what takes less than this part of its time. */
const GUARD = 0.97
/** Of the fastest's time: after one round nothing slower is timed again. */
const HOPELESS = 1.5

/** The calls of a shape, and what becomes of them. */
interface Shape {
  readonly calls: TunableCall[]
  /** Numbers of tokens, and the way for each. */
  readonly cases: readonly number[]
  readonly picks: number[]
  readonly isKnown: boolean
  /** Of each way: the calls by it, in the stopwatch's step. */
  readonly recorders: Map<number, readonly ((numTokens: number) => void)[]>
  /** Milliseconds of a run for one token, by the last case that was timed. */
  msPerToken: number
}

/** Finds the fastest way to make each call, by timing them, if the table does not know it; then the table does. */
export class Tuner implements Tuning {
  readonly #gpu: Gpu
  readonly #maxTokens: number
  readonly #now: () => number
  readonly #shapes = new Map<string, Shape>()

  /**
   * @param maxTokens in a step
   * @param now milliseconds since some moment
   */
  constructor(
    gpu: Gpu,
    readonly table: TuningTable,
    maxTokens: number,
    now = () => performance.now(),
  ) {
    this.#gpu = gpu
    this.#maxTokens = maxTokens
    this.#now = now
  }

  add(call: TunableCall): readonly WayChoice[] | undefined {
    const shape = this.#shapes.get(call.shape) ?? this.#shapeOf(call)
    this.#shapes.set(call.shape, shape)
    shape.calls.push(call)
    return shape.isKnown ? choicesOf(shape.cases, shape.picks) : undefined
  }

  /**
   * Times the calls that the table did not know, whose ways must have compiled, in their own buffers: nothing else may be
   * computed meanwhile. Says in words what is used.
   * @throws the signal's reason · DeviceLost
   */
  async tune(signal?: AbortSignal): Promise<string> {
    const start = this.#now()
    const shapes = [...this.#shapes.values()]
    const unknown = shapes.filter(({ isKnown }) => !isKnown)
    if (unknown.length > 0) await this.#time(unknown, start + BUDGET_MS, signal)
    for (const { calls, cases, picks } of unknown) {
      this.table[calls[0].shape] = picks
      for (const call of calls) call.use(choicesOf(cases, picks))
    }
    const how = unknown.length > 0 ? `timed in ${Math.round(this.#now() - start)} ms` : 'known from an earlier load'
    return `ways to multiply: ${how}; ${shapes.flatMap(changes).join(', ') || 'the defaults are the fastest'}`
  }

  #shapeOf({ shape, ways, maxTokens }: TunableCall): Shape {
    const cases = casesOf(ways, Math.min(maxTokens, this.#maxTokens))
    const known = this.table[shape]
    const isKnown = arePicks(known, cases, ways)
    const picks = isKnown ? [...known] : cases.map(tokens => defaultWay(ways, tokens))
    return { calls: [], cases, picks, isKnown, recorders: new Map(), msPerToken: 0 }
  }

  /** Few tokens first, which are soon timed, and of those the most work. */
  async #time(shapes: readonly Shape[], deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const watch = new Stopwatch(this.#gpu, this.#maxTokens, this.#now)
    const workOf = ({ calls }: Shape) => calls.length * calls[0].work
    const trials = shapes
      .flatMap(shape => shape.cases.map((tokens, at) => ({ shape, tokens, at })))
      .sort((a, b) => a.tokens - b.tokens || workOf(b.shape) - workOf(a.shape))
    const check = () => {
      signal?.throwIfAborted()
      return this.#now() < deadline
    }
    try {
      await this.#gpu.settled()
      await watch.calibrate()
      for (const { shape, tokens, at } of trials) {
        if (!check()) break
        const left = deadline - this.#now()
        if (shape.msPerToken * tokens * ROUNDS * 2 < left) shape.picks[at] = await fastest(watch, shape, tokens, check)
      }
    } finally {
      watch.dispose()
    }
  }
}

/** The fastest of the default and its neighbours; the default if `check` says that there is no more time. */
async function fastest(watch: Stopwatch, shape: Shape, tokens: number, check: () => boolean): Promise<number> {
  const { calls, recorders } = shape
  const { ways } = calls[0]
  const usual = defaultWay(ways, tokens)
  const time = (way: number, runs: number) => {
    const known = recorders.get(way) ?? calls.map(call => call.record(way, watch.step))
    recorders.set(way, known)
    return watch.time(known, tokens, runs)
  }
  let runs = 1
  let ms = await time(usual, runs)
  for (; ms < SAMPLE_MS && runs < MAX_RUNS && check(); ms = await time(usual, runs)) runs *= 4
  shape.msPerToken = ms / runs / tokens
  // the least of some samples: whatever else runs meanwhile can only add to them
  const best = new Map([usual, usual - 1, usual + 1].filter(way => way in ways).map(way => [way, Infinity]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, least] of best) {
      if (!check()) return usual
      best.set(way, Math.min(least, await time(way, runs)))
    }
    const least = Math.min(...best.values())
    for (const [way, ms] of best) if (ms > HOPELESS * least && way !== usual) best.delete(way)
  }
  const [[, usualMs], ...others] = best
  const [way, least] = others.sort(([, a], [, b]) => a - b)[0] ?? [usual, usualMs]
  return least < GUARD * usualMs ? way : usual
}

/** Where calls are not made as it was thought to be best, in words. */
function changes({ calls: [{ ways, label }], cases, picks }: Shape): string[] {
  return cases.flatMap((tokens, at) => {
    const way = picks[at]
    return way === defaultWay(ways, tokens) ? [] : [`${label} for ${tokens} tokens by ${ways[way].name}`]
  })
}
