import { type Figure, figure } from '../bench/figure'
import { allCases } from './all-cases'
import type { CaseName, KernelCase, Prepared, Work } from './case'
import { type Ceilings, type Floor, floorOf, measureCeilings } from './ceilings'
import { Fixture } from './fixture'
import { caseText, type Selection, select } from './select'
import { measureInTurn, pairedRatio, Timer } from './timing'

/** Plain data, as all that goes to a page and comes back. */
export interface KernelTask {
  readonly selection: Selection
  readonly rounds: number
  /** Two variants that take turns. */
  readonly ab?: readonly [string, string]
}

/** A kernel whose output was right, and how long it took. */
export interface Measured extends CaseName, Work {
  /** One run. */
  readonly ms: Figure
  readonly floor: Floor
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
  onCeilings(adapter: string, ceilings: Ceilings): void
  onMeasured(measured: Measured): void
  onComparison(comparison: Comparison): void
  onFailure(failure: Failure): void
}

/** Measures on this device. @throws if nothing is selected, or the device fails */
export async function runKernels(
  { selection, rounds, ab }: KernelTask,
  events: KernelEvents,
  gpu?: GPU,
): Promise<KernelRun> {
  const fixture = await Fixture.open(gpu)
  try {
    const cases = select(allCases(fixture.gpu), ab ? { ...selection, variants: ab } : selection)
    const sets = ab ? pairs(cases, ab) : cases.map(each => [each])
    if (sets.length === 0) throw new Error('No kernel is what was asked for.')
    const timer = new Timer(fixture)
    await timer.calibrate()
    const ceilings = await measureCeilings(fixture, timer, rounds)
    const { adapter } = fixture.gpu
    events.onCeilings(adapter, ceilings)
    const measured: Measured[] = []
    const comparisons: Comparison[] = []
    const failures: Failure[] = []
    for (const set of sets) {
      const outcome = await measureSet(fixture, timer, set, rounds)
      if ('failures' in outcome) {
        for (const failure of outcome.failures) {
          failures.push(failure)
          events.onFailure(failure)
        }
        continue
      }
      set.forEach((each, index) => {
        const result = describe(each, figure(outcome.times[index]), ceilings)
        measured.push(result)
        events.onMeasured(result)
      })
      if (!ab) continue
      const { variant: _, ...name } = nameOf(set[0])
      const comparison = { ...name, variants: ab, ratio: pairedRatio(outcome.times[0], outcome.times[1]) }
      comparisons.push(comparison)
      events.onComparison(comparison)
    }
    return { adapter, ceilings, measured, comparisons, failures }
  } finally {
    fixture.dispose()
  }
}

/** Times of cases that take turns, `[cases][rounds]`; or what is wrong with their outputs, and then nothing is timed. */
export async function measureSet(
  fixture: Fixture,
  timer: Timer,
  set: readonly KernelCase[],
  rounds: number,
): Promise<{ readonly times: readonly (readonly number[])[] } | { readonly failures: readonly Failure[] }> {
  try {
    const failures: Failure[] = []
    const prepared: Prepared[] = []
    for (const each of set) prepared.push(await each.prepare(fixture))
    await fixture.gpu.settled()
    for (const [index, each] of prepared.entries()) {
      const message = await each.check()
      if (message !== undefined) failures.push({ ...nameOf(set[index]), message })
    }
    return failures.length > 0 ? { failures } : { times: await measureInTurn(timer, prepared, rounds) }
  } finally {
    fixture.release()
  }
}

/** Cases that differ in nothing but these variants. */
function pairs(cases: readonly KernelCase[], [a, b]: readonly [string, string]): KernelCase[][] {
  return cases
    .filter(({ variant }) => variant === a)
    .flatMap(each => {
      const other = cases.find(found => caseText(found) === caseText({ ...nameOf(each), variant: b }))
      return other ? [[each, other]] : []
    })
}

function describe(each: KernelCase, ms: Figure, ceilings: Ceilings): Measured {
  return { ...nameOf(each), ...each.work, ms, floor: floorOf(ceilings, each.work, each.copies) }
}

function nameOf({ kernel, part, format, model, rows, variant }: KernelCase): CaseName {
  return { kernel, part, format, model, rows, variant }
}
