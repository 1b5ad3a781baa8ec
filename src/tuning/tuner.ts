import { orAborted } from '../core/abortable'
import type { Gpu } from '../gpu/device'
import type { TunableCall, Tuning, WayChoice } from '../kernels/tunable'
import { Stopwatch } from './stopwatch'
import { casesOf, choicesOf, defaultWay, knownPicks, type TuningTable } from './table'
import { type Trial, Trials } from './trials'

/** The time for all samples of a load: none is begun that is expected to end later. */
const BUDGET_MS = 800
/** The time after which a load goes on, if a sample takes longer than expected. */
const LIMIT_MS = 950
/** A run that takes longer is left to its default: no load has time for enough samples. */
const MAX_RUN_MS = 100

/** The calls of a shape, and what becomes of them. */
interface Shape extends Trial {
  readonly calls: TunableCall[]
  /** Numbers of tokens for which the ways are timed, rising. */
  readonly cases: readonly number[]
  /** The index of the way for each case that was timed. */
  readonly picks: Record<number, number>
}

/**
 * Finds the fastest way to make each call, by timing what the table does not know. What there is no time for is done by
 * default, and timed in a later load.
 */
export class Tuner implements Tuning {
  readonly #gpu: Gpu
  readonly #maxTokens: number
  readonly #shapes = new Map<string, Shape>()

  /** @param maxTokens in a step */
  constructor(
    gpu: Gpu,
    readonly table: TuningTable,
    maxTokens: number,
  ) {
    this.#gpu = gpu
    this.#maxTokens = maxTokens
  }

  add(call: TunableCall): readonly WayChoice[] | undefined {
    const { shape: name, ways, maxTokens } = call
    let shape = this.#shapes.get(name)
    if (!shape) {
      const cases = casesOf(ways, Math.min(maxTokens, this.#maxTokens))
      const picks = { ...knownPicks(this.table[name], cases, ways) }
      shape = { calls: [], cases, picks, recorders: new Map(), msPerToken: 0 }
      this.#shapes.set(name, shape)
    }
    shape.calls.push(call)
    return openCases(shape).length > 0 ? undefined : choicesOf(shape.cases, ways, shape.picks)
  }

  /** Whether nothing else may be done meanwhile, since it would be in the times: the GPU has no clock, and not all is known. */
  get needsQuiet(): boolean {
    const isOpen = [...this.#shapes.values()].some(shape => openCases(shape).length > 0)
    return isOpen && !this.#gpu.features.has('timestamp-query')
  }

  /**
   * Times the calls that the table did not know, whose ways must have compiled, in their own buffers: nothing else may be
   * computed meanwhile. Says in words what is used.
   * @throws the signal's reason · DeviceLost
   */
  async tune(signal?: AbortSignal): Promise<string> {
    const start = performance.now()
    const shapes = [...this.#shapes.values()]
    const open = shapes.filter(shape => openCases(shape).length > 0)
    if (open.length > 0) await this.#timeUntil(start, open, signal)
    for (const { calls, cases, picks } of open) {
      const [{ shape, ways }] = calls
      this.table[shape] = { ...this.table[shape], ...picks }
      for (const call of calls) call.use(choicesOf(cases, ways, picks))
    }
    const left = open.flatMap(openCases).length
    const how = [
      open.length > 0 ? `timed in ${Math.round(performance.now() - start)} ms` : 'known from an earlier load',
      ...(left > 0 ? [`${left} cases are left for later loads`] : []),
    ]
    const changed = shapes.flatMap(changes).join(', ') || 'the defaults are the fastest'
    return `ways to multiply: ${how.join(', ')}; ${changed}`
  }

  /** Times shapes as long as there is time, those first with which the model spends most of its own. */
  async #timeUntil(start: number, shapes: readonly Shape[], signal: AbortSignal | undefined): Promise<void> {
    const numOpen = shapes.flatMap(openCases).length
    const workOf = ({ calls }: Shape) => calls.length * calls[0].work
    const order = [...shapes].sort((a, b) => workOf(b) - workOf(a))
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<void>(resolve => {
      timer = setTimeout(resolve, LIMIT_MS)
    })
    // a sample that is still under way then comes before whatever is submitted later
    await Promise.race([this.#time(order, start + BUDGET_MS, signal), limit]).finally(() => clearTimeout(timer))
    // each load settles something, so that some load is the last to time anything
    if (shapes.flatMap(openCases).length === numOpen) settle(order[0], openCases(order[0]).slice(0, 1))
  }

  async #time(shapes: readonly Shape[], deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const watch = new Stopwatch(this.#gpu, this.#maxTokens)
    try {
      await orAborted(this.#gpu.settled(), signal)
      await watch.calibrate()
      const trials = new Trials(watch, deadline, signal)
      for (const shape of shapes) await timeShape(trials, shape)
    } finally {
      watch.dispose()
      // the engine keeps its calls, but no bind groups of a step that is gone
      for (const { recorders } of shapes) recorders.clear()
    }
  }
}

/** Times a shape's cases, few tokens first, which tell how long more take. */
async function timeShape(trials: Trials, shape: Shape): Promise<void> {
  const open = openCases(shape)
  for (const tokens of shape.cases.filter(tokens => tokens <= open[open.length - 1])) {
    const ms = await trials.probe(shape, tokens)
    if (ms === undefined) return
    if (ms > MAX_RUN_MS) {
      settle(
        shape,
        open.filter(other => other >= tokens),
      )
      return
    }
    const way = open.includes(tokens) ? await trials.fastest(shape, tokens) : undefined
    if (way !== undefined) shape.picks[tokens] = way
  }
}

/** Settles cases for good, by the way that is thought to be best. */
function settle({ calls, picks }: Shape, cases: readonly number[]): void {
  for (const tokens of cases) picks[tokens] = defaultWay(calls[0].ways, tokens)
}

/** The numbers of tokens for which no way was timed. */
function openCases({ cases, picks }: Shape): readonly number[] {
  return cases.filter(tokens => picks[tokens] === undefined)
}

/** The cases whose calls are not made by default, in words. */
function changes({ calls: [{ ways, label }], cases, picks }: Shape): string[] {
  return cases.flatMap(tokens => {
    const way = picks[tokens] ?? defaultWay(ways, tokens)
    return way === defaultWay(ways, tokens) ? [] : [`${label} for ${tokens} tokens by ${ways[way].name}`]
  })
}
