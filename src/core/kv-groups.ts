import type { ModelConfig } from './model-config'

/** Layers that see equally far: they share block ids, a pool of blocks and block tables. */
export interface KvGroup {
  /** Tokens that a token sees, itself among them; Infinity: all before it. */
  readonly window: number
  /** Indices of the layers, ascending. */
  readonly layers: readonly number[]
}

/** What it takes to know how far layers see. */
export interface Windows extends Pick<ModelConfig, 'numLayers'> {
  readonly layers?: readonly { readonly window: number | undefined }[]
}

/**
 * The KV groups of a model, furthest sight first. A window as long as the context is none, so a model that is asked for
 * no more than its window has a single group.
 */
export function kvGroups({ numLayers, layers = [] }: Windows, contextLength: number): KvGroup[] {
  const groups = new Map<number, number[]>()
  for (let layer = 0; layer < numLayers; layer++) {
    const window = layers[layer]?.window ?? Number.POSITIVE_INFINITY
    const key = window >= contextLength ? Number.POSITIVE_INFINITY : window
    groups.set(key, [...(groups.get(key) ?? []), layer])
  }
  return [...groups].map(([window, members]) => ({ window, layers: members })).sort((a, b) => b.window - a.window)
}
