import type { Engine } from '../../index'
import type { Figure } from '../common/figure'
import type { Shape } from '../common/shapes'
import { type Bounds, bounds, type Flops, flops, type Parameters, parameters } from '../common/work'
import { requests } from '../common/workloads'
import type { ConfigurationName } from './configurations'
import { greedyGroups } from './greedy-groups'
import { baseline, type Outcome, outcomes, type Runs, regret } from './outcome'

/** A report on one workload: plain data, which comes from a page and becomes JSON. */
export interface WorkloadReport {
  readonly name: string
  readonly shape: Shape
  readonly adapter: string
  /** Number of prompts of all turns. */
  readonly requests: number
  /** Blocks of the KV cache. */
  readonly blocks: number
  readonly weightBytes: number
  readonly parameters: Parameters
  /** Bounds of whole sequences, also where decoding alone is timed. */
  readonly bounds: Bounds
  readonly flops: { readonly alone: Flops; readonly tree: Flops }
  readonly outcomes: readonly Outcome[]
  /** Baseline of the outcomes' speed-up. */
  readonly baseline: ConfigurationName | undefined
  readonly regret: Figure | undefined
  /** Prompt tokens to compute with the groups of BatchLLM's own algorithm, where `two-level` has the best groups; not for a chat. */
  readonly greedyTokens: number | undefined
}

/** `engine`: any of those that made the runs. */
export async function summarise(
  { name, shape }: Pick<WorkloadReport, 'name' | 'shape'>,
  engine: Engine,
  runs: Runs,
): Promise<WorkloadReport> {
  const [rounds] = runs.values()
  const { sequences, answers } = rounds[rounds.length - 1]
  const drawn = answers.flat().reduce((total, { length }) => total + length, 0)
  const work = bounds(sequences)
  const { config, memory } = engine
  return {
    name,
    shape,
    adapter: (await engine.stats()).adapter,
    requests: sequences.length,
    blocks: memory.numBlocks,
    weightBytes: memory.weightBytes,
    parameters: parameters(config),
    bounds: work,
    flops: { alone: flops(config, work.alone, drawn), tree: flops(config, work.tree, drawn) },
    outcomes: outcomes(runs),
    baseline: baseline(runs),
    regret: regret(runs),
    greedyTokens: greedyTokens(shape, config.vocabSize),
  }
}

function greedyTokens(shape: Shape, vocabSize: number): number | undefined {
  if (shape.kind === 'chat') return undefined
  const prompts = requests(shape, { seed: 1, vocabSize }).map(({ tokens }) => tokens)
  const saved = greedyGroups(prompts).map(({ prefixLen, members }) => prefixLen * (members.length - 1))
  return prompts.reduce((sum, { length }) => sum + length, 0) - saved.reduce((sum, tokens) => sum + tokens, 0)
}
