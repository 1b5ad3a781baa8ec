import type { Settings } from '../../engine/options'

export type Configuration = Pick<Settings, 'sharing' | 'attention'>

/**
 * Configurations that are compared. `shared` attention shares where the cost model says it pays, `flat` never, `split` wherever it can,
 * and `skip` leaves attention out: wrong answers, and the time below which attention cannot bring a run (Hydragen's
 * "no attention" ceiling).
 */
export const CONFIGURATIONS = {
  off: { sharing: 'off', attention: 'shared' },
  cache: { sharing: 'cache', attention: 'shared' },
  'two-level': { sharing: 'two-level', attention: 'shared' },
  tree: { sharing: 'tree', attention: 'shared' },
  'tree flat': { sharing: 'tree', attention: 'flat' },
  'tree split': { sharing: 'tree', attention: 'split' },
  'off skip': { sharing: 'off', attention: 'skip' },
  'cache skip': { sharing: 'cache', attention: 'skip' },
  'two-level skip': { sharing: 'two-level', attention: 'skip' },
  'tree skip': { sharing: 'tree', attention: 'skip' },
} as const satisfies Readonly<Record<string, Configuration>>

export type ConfigurationName = keyof typeof CONFIGURATIONS

export const ALL = Object.keys(CONFIGURATIONS) as ConfigurationName[]

/** Configurations that differ in attention's reads only; the rest is the same, the cache's content too. */
export const READS: readonly ConfigurationName[] = ['tree flat', 'tree', 'tree split', 'tree skip']

/** Configurations that others are compared with: no sharing, else no sharing of reads, as with paged attention. */
export const BASELINES: readonly ConfigurationName[] = ['off', 'tree flat']

/** The configuration of the same run without attention. */
export function ceilingOf(name: ConfigurationName): ConfigurationName {
  return `${CONFIGURATIONS[name].sharing} skip`
}
