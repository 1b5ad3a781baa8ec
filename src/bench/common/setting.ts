import type { EngineOptions } from '../../index'

/** The setting that all tasks of a benchmark have in common: plain data but for `gpu`, so that it can be handed to a page. */
export interface Setting {
  readonly model: string
  readonly engine: Pick<EngineOptions, 'gpu' | 'weights' | 'tokenBudget' | 'blocks' | 'study'>
  /** Each figure is the median of this many, after one that warms up. */
  readonly rounds: number
}
