import { type Figure, figure } from '../common/figure'
import type { Counts, Plan, Run } from '../common/measure-run'
import { BASELINES, CONFIGURATIONS, type ConfigurationName, ceilingOf } from './configurations'

/** Runs of each configuration, `[rounds]`, at least one, of the same prompts in the same round. */
export type Runs = ReadonlyMap<ConfigurationName, readonly Run[]>

/** The results of one configuration. Ratios are taken within a round, between runs that follow each other. */
export interface Outcome {
  readonly configuration: ConfigurationName
  readonly ms: Figure
  /** Rate of generated tokens. */
  readonly tokensPerSecond: Figure
  /** Counts of the last round. */
  readonly counts: Counts
  /** Plan of the last round. */
  readonly plan: Plan | undefined
  /** Factor by which it is faster than the baseline. */
  readonly speedup: Figure | undefined
  /** Throughput over that of the same run without attention. */
  readonly ofCeiling: Figure | undefined
}

/** The first of the baselines that was measured. */
export function baseline(runs: Runs): ConfigurationName | undefined {
  return BASELINES.find(name => runs.has(name))
}

export function outcomes(runs: Runs): Outcome[] {
  const base = baseline(runs)
  return [...runs].map(([configuration, rounds]) => {
    const { counts, plan } = rounds[rounds.length - 1]
    return {
      configuration,
      ms: figure(rounds.map(run => run.ms)),
      tokensPerSecond: figure(rounds.map(run => (1000 * run.counts.generated) / run.ms)),
      counts,
      plan,
      speedup: ratio(base && times(runs, base), times(runs, configuration)),
      ofCeiling: ratio(times(runs, ceilingOf(configuration)), times(runs, configuration)),
    }
  })
}

/**
 * Time of the cost model's choice over that of the better of two: never and always sharing attention's reads. The better one
 * is so by the median, since the best of each round would be best by luck.
 */
export function regret(runs: Runs): Figure | undefined {
  const [flat, split] = [times(runs, 'tree flat'), times(runs, 'tree split')]
  if (!flat || !split) return undefined
  return ratio(times(runs, 'tree'), figure(flat).median < figure(split).median ? flat : split)
}

/**
 * Checks that configurations answer alike: sharing never changes an answer, only leaving attention out does.
 * @throws if configurations that should answer alike do not
 */
export function checkAgreement(runs: ReadonlyMap<ConfigurationName, Pick<Run, 'answers'>>): void {
  const honest = [...runs].filter(([name]) => CONFIGURATIONS[name].attention !== 'skip')
  if (honest.length === 0) return
  const [[first, { answers }], ...others] = honest
  const expected = answers.flat()
  for (const [name, run] of others) {
    const odd = run.answers.flat().flatMap((tokens, index) => {
      const at = tokens.findIndex((token, position) => token !== expected[index][position])
      return at < 0 ? [] : [`${index} from token ${at} on`]
    })
    if (odd.length === 0) continue
    throw new Error(
      `“${name}” answers ${odd.length} of ${expected.length} prompts otherwise than “${first}”, so that no time counts: ` +
        `${odd.slice(0, 8).join(', ')}${odd.length > 8 ? ', …' : ''}`,
    )
  }
}

function times(runs: Runs, name: ConfigurationName): readonly number[] | undefined {
  return runs.get(name)?.map(({ ms }) => ms)
}

/** The ratio of one time to another, round by round. */
function ratio(above: readonly number[] | undefined, below: readonly number[] | undefined): Figure | undefined {
  return above && below && figure(above.map((ms, round) => ms / below[round]))
}
