import type { createEngine, EngineOptions } from '../../index'

/** A model that can be loaded, and how. */
export interface ModelChoice {
  /** For people. */
  readonly name: string
  readonly location: Parameters<typeof createEngine>[0]
  readonly options: Pick<EngineOptions, 'weights' | 'blocks'>
}

/** The model that comes with the page: the folder models/ is the page's neighbour, wherever both are hosted. */
export const SPROUT: ModelChoice = {
  name: 'sprout',
  location: new URL('../../models/sprout', globalThis.location.href).href,
  // 2048 blocks of 16 tokens take 96 MiB and hold 32 of its longest sequences
  options: { weights: 'f32', blocks: 2048 },
}

/** Loads a model in the place of the one before. */
export type LoadModel = (choice: ModelChoice) => Promise<void>
