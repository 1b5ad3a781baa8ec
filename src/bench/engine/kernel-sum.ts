import type { Engine } from '../../index'
import { measureRun } from '../common/measure-run'
import type { TreeShape } from '../common/shapes'
import { Timer } from '../kernels/timing'
import { type Dispatch, Replay, recordLastStep } from './recorded-step'

const FAMILIES = { matmul: 'matrices', attention: 'attention', 'merge-attention': 'attention', rope: 'RoPE and append' }
const OTHERS = 'other kernels'

/** GPU time of a decode step without what is between its kernels or its steps, in ms. */
export interface KernelSum {
  /** Time of all of the step's kernels of a family, each dispatch by itself. */
  readonly families: Readonly<Record<string, number>>
  /** Time of all of the step's dispatches in their order, step after step in one pass. */
  readonly replayed: number
}

/**
 * Times the kernels of a decode step: each dispatch by itself, so often in one pass that a batch takes 30 ms or more, in the
 * engine's own buffers and with the lists of a real step, the one in the middle of those that `stepCost` measures. Between
 * two dispatches lies a barrier, as in a step. Dispatches that differ in buffers only, as those of layers do, take turns, so
 * that caches are as cold as they can be with one kernel.
 *
 * The results are not those of a step (a residual is added to again and again, and grows, but remains finite): K and V of the
 * step's tokens are wrong afterwards, those of prompts are not touched.
 */
export async function kernelSum(engine: Engine, shape: TreeShape, seed: number): Promise<KernelSum> {
  const middle = { ...shape, out: 1 + Math.ceil(shape.out / 2) }
  const { device, dispatches } = await recordLastStep(() => measureRun(engine, middle, seed))
  const replay = new Replay(device)
  const timer = new Timer(replay)
  await timer.calibrate()
  const timed = async (record: (run: number) => void) => {
    const kernel = { begin: () => record }
    return timer.batch(kernel, await timer.findRuns(kernel))
  }
  device.pushErrorScope('validation')
  // first, while what the step has left is what it reads
  const replayed = await timed(() => {
    for (const dispatch of dispatches) replay.dispatch(dispatch)
  })
  const families: Record<string, number> = {}
  for (const group of alike(dispatches)) {
    const ms = await timed(run => replay.dispatch(group[run % group.length]))
    const family = familyOf(group[0].pipeline.label)
    families[family] = (families[family] ?? 0) + ms * group.length
  }
  const refused = await device.popErrorScope()
  if (refused) throw new Error(`A recorded step could not be made again: ${refused.message}`)
  return { families, replayed }
}

/** Groups of dispatches that differ in their buffers only, in their order. */
export function alike(dispatches: readonly Dispatch[]): Dispatch[][] {
  const groups: Dispatch[][] = []
  for (const dispatch of dispatches) {
    const { pipeline, offset, grid } = dispatch
    const group = groups.find(([first]) => {
      return first.pipeline === pipeline && first.offset === offset && first.grid.join() === grid.join()
    })
    if (group) group.push(dispatch)
    else groups.push([dispatch])
  }
  return groups
}

/** The family of a kernel's variant, with which its name begins. */
export function familyOf(name: string): string {
  const known = Object.entries(FAMILIES).find(([start]) => name.startsWith(start))
  return known ? known[1] : OTHERS
}
