import type { EngineOptions } from '../../index'

/** What all tasks of a benchmark have in common. But for `gpu` plain data, so that it can be handed to a page. */
export interface Setting {
  readonly model: string
  readonly engine: Pick<EngineOptions, 'gpu' | 'weights' | 'tokenBudget' | 'blocks' | 'study'>
  /** Each figure is the median of this many, after one that warms up. */
  readonly rounds: number
}
