import { type Shape, type Sizes, shapeOf } from '../common/shapes'
import { type ConfigurationName, READS } from './configurations'

/** A workload at several sizes of one thing. */
export interface Sweep {
  readonly title: string
  readonly xLabel: string
  /** Whether throughputs differ by orders of magnitude. */
  readonly isLogY?: boolean
  readonly points: readonly { readonly x: number; readonly shape: Shape }[]
  /** Configurations that are measured. */
  readonly configurations: readonly ConfigurationName[]
  /** Configurations that are plotted, under the ceiling of `tree skip`. */
  readonly lines: readonly ConfigurationName[]
}

const SHARING: readonly ConfigurationName[] = ['off', 'cache', 'two-level', 'tree']
/** Configurations of sharing, the ceiling, and those that tell whether the cost model chose well. */
const WITH_READS = [...new Set([...SHARING, ...READS])]

const PREFIXES = [1024, 2048, 4096, 8192, 16384]
const BATCHES = [32, 128, 512, 1024]
const DEGREES = [1, 2, 4, 8, 16, 32]

/** Prompts at every point of `sweep-degree`, before scaling. */
const DEGREE_PROMPTS = 64

export const SWEEPS = {
  'sweep-prefix': sizes => ({
    title: 'Many completions of one prefix',
    xLabel: 'tokens of prefix',
    points: points(scaledEach(PREFIXES, sizes), prefix => whole(shapeOf('hydragen', { ...sizes, prefix }))),
    configurations: WITH_READS,
    lines: SHARING,
  }),
  'sweep-batch': sizes => ({
    title: 'Completions of one prefix',
    xLabel: 'prompts',
    isLogY: true,
    points: points(scaledEach(BATCHES, sizes), batch => whole(shapeOf('hydragen', { ...sizes, batch }))),
    configurations: WITH_READS,
    lines: SHARING,
  }),
  'sweep-degree': sizes => {
    // a power of two, which splits into groups of any smaller one
    const prompts = 2 ** Math.max(2, Math.round(Math.log2(sizes.batch ?? DEGREE_PROMPTS * sizes.scale)))
    const degrees = DEGREES.filter(degree => degree <= prompts)
    return {
      title: 'As many prompts in fewer groups',
      xLabel: 'prompts a group',
      points: points(degrees, degree => shapeOf('batchllm', { ...sizes, degree, groups: prompts / degree })),
      configurations: WITH_READS,
      lines: SHARING,
    }
  },
  'sweep-decode': sizes => ({
    title: 'Decoding after one shared prefix, by how attention reads it',
    xLabel: 'tokens of prefix',
    points: points(scaledEach(PREFIXES, sizes), prefix => shapeOf('hydragen', { ...sizes, prefix })),
    configurations: READS,
    lines: READS.filter(name => name !== 'tree skip'),
  }),
} as const satisfies Readonly<Record<string, (sizes: Sizes) => Sweep>>

export type SweepName = keyof typeof SWEEPS

function points(values: readonly number[], shapeAt: (x: number) => Shape): Sweep['points'] {
  return values.map(x => ({ x, shape: shapeAt(x) }))
}

/** The shape, timed from the call on. */
function whole(shape: Shape): Shape {
  return { ...shape, timing: 'whole' }
}

function scaledEach(values: readonly number[], { scale }: Sizes): number[] {
  return values.map(value => Math.max(1, Math.round(value * scale)))
}
