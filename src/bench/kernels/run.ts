import { openGpu } from '../../gpu/device'
import { type Figure, figure } from '../common/figure'
import { allCases } from './all-cases'
import type { CaseName, KernelCase, Prepared, Work } from './case'
import { bestCeilings, type Ceilings, copyRateFor, type Floor, floorOf, measureCeilings } from './ceilings'
import { Fixture, type Shaders } from './fixture'
import { caseText, type Selection, select } from './select'
import { measureInTurn, pairedRatio, Timer } from './timing'

/** A task: plain data, like all that goes to a page and comes back. */
export interface KernelTask {
  readonly selection: Selection
  readonly rounds: number
  /** Two variants that take turns in each case. */
  readonly ab?: readonly [string, string]
  /** Other texts of the shaders, with which each case takes turns. */
  readonly against?: { readonly name: string; readonly shaders: Shaders }
}

/** A kernel whose output was right, and how long it took. */
export interface Measured extends CaseName, Work {
  /** Time of one run. */
  readonly ms: Figure
  readonly floor: Floor
  /** Rate over the ceiling of copying; `ofFma`: over that of multiplying. */
  readonly ofCopy: number
  readonly ofFma: number
}

/** A case's time by one variant over that by another. */
export interface Comparison extends Omit<CaseName, 'variant'> {
  readonly variants: readonly [string, string]
  readonly ratio: Figure
}

export interface Failure extends CaseName {
  readonly message: string
}

export interface KernelRun {
  readonly adapter: string
  readonly ceilings: Ceilings
  readonly measured: readonly Measured[]
  readonly comparisons: readonly Comparison[]
  readonly failures: readonly Failure[]
}

export interface KernelEvents {
  /** Called before the first kernel, and after the last with the better of both, which are the run's. */
  onCeilings(adapter: string, ceilings: Ceilings): void
  onMeasured(measured: Measured): void
  onComparison(comparison: Comparison): void
  onFailure(failure: Failure): void
}

/** A case and the fixture for it. */
export interface Contestant {
  readonly name: CaseName
  readonly kernel: Pick<KernelCase, 'prepare'>
  readonly fixture: Fixture
}

/** Runs a task on this device. @throws if nothing is selected, or the device fails */
export async function runKernels(task: KernelTask, events: KernelEvents, gpu?: GPU): Promise<KernelRun> {
  const fixture = new Fixture(await openGpu({ gpu }))
  try {
    const sets = contests(task, fixture)
    if (sets.length === 0) throw new Error('No kernel is what was asked for.')
    const timer = new Timer(fixture)
    await timer.calibrate()
    const first = await measureCeilings(fixture, timer)
    const { adapter } = fixture.gpu
    events.onCeilings(adapter, first)
    const run = {
      adapter,
      timed: [] as { readonly each: KernelCase; readonly name: CaseName; readonly ms: Figure }[],
      comparisons: [] as Comparison[],
      failures: [] as Failure[],
    }
    for (const { each, contestants } of sets) {
      const outcome = await contest(contestants, timer, task.rounds)
      for (const failure of outcome.failures) {
        run.failures.push(failure)
        events.onFailure(failure)
      }
      if (outcome.failures.length > 0) continue
      contestants.forEach(({ name }, index) => {
        const ms = figure(outcome.times[index])
        run.timed.push({ each, name, ms })
        events.onMeasured(describe(name, each, ms, first))
      })
      if (contestants.length === 1) continue
      const [a, b] = contestants.map(({ name }) => name.variant)
      const comparison = {
        ...nameOf(each),
        variants: [a, b] as const,
        ratio: pairedRatio(outcome.times[0], outcome.times[1]),
      }
      run.comparisons.push(comparison)
      events.onComparison(comparison)
    }
    const { timed, ...results } = run
    const ceilings = bestCeilings(first, await measureCeilings(fixture, timer))
    events.onCeilings(adapter, ceilings)
    return { ...results, ceilings, measured: timed.map(({ each, name, ms }) => describe(name, each, ms, ceilings)) }
  } finally {
    fixture.dispose()
  }
}

/** Groups that take turns: one case alone, two that differ in their variant only, or one with two texts of the shaders. */
function contests({ selection, ab, against }: KernelTask, fixture: Fixture) {
  const cases = select(allCases(fixture.gpu), ab ? { ...selection, variants: ab } : selection)
  const other = against && fixture.withShaders(against.shaders)
  return cases.flatMap(each => {
    const name = nameOf(each)
    const own: Contestant = { name, kernel: each, fixture }
    if (other) {
      const theirs = { name: { ...name, variant: `${each.variant} of ${against.name}` }, kernel: each, fixture: other }
      return [{ each, contestants: [own, theirs] }]
    }
    if (!ab) return [{ each, contestants: [own] }]
    if (each.variant !== ab[0]) return []
    const rival = cases.find(found => caseText(found) === caseText({ ...name, variant: ab[1] }))
    return rival ? [{ each, contestants: [own, { name: nameOf(rival), kernel: rival, fixture }] }] : []
  })
}

/** Times of the contestants, `[contestants][rounds]`; none if an output is wrong or a kernel does not run. */
export async function contest(
  contestants: readonly Contestant[],
  timer: Timer,
  rounds: number,
): Promise<{ readonly times: readonly (readonly number[])[]; readonly failures: readonly Failure[] }> {
  const failures: Failure[] = []
  const prepared: Prepared[] = []
  try {
    for (const { name, kernel, fixture } of contestants) {
      const result = await checked(kernel, fixture)
      if (typeof result === 'string') failures.push({ ...name, message: result })
      else prepared.push(result)
    }
    return { times: failures.length > 0 ? [] : await measureInTurn(timer, prepared, rounds), failures }
  } finally {
    for (const { fixture } of contestants) fixture.release()
  }
}

/** The prepared kernel, or a text of what is wrong with it. @throws if the device is of no use any more */
async function checked(kernel: Pick<KernelCase, 'prepare'>, fixture: Fixture): Promise<Prepared | string> {
  try {
    const prepared = await kernel.prepare(fixture)
    await fixture.gpu.settled()
    return (await prepared.check()) ?? prepared
  } catch (error) {
    fixture.gpu.throwIfLost()
    fixture.forgetKernels()
    return String(error)
  }
}

function describe(name: CaseName, { work, copies }: KernelCase, ms: Figure, ceilings: Ceilings): Measured {
  const { bytes, flops } = work
  return {
    ...name,
    ...work,
    ms,
    floor: floorOf(ceilings, work, copies),
    ofCopy: (1000 * bytes) / ms.median / copyRateFor(ceilings, bytes * copies),
    ofFma: (1000 * flops) / ms.median / ceilings.flopsPerSecond,
  }
}

function nameOf({ kernel, part, format, model, rows, variant }: KernelCase): CaseName {
  return { kernel, part, format, model, rows, variant }
}
