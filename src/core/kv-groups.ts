import type { LayerConfig } from './model-config'

/** Layers that see equally far: they share block ids, a pool of blocks and block tables. */
export interface KvGroup {
  /** Tokens that a token sees, itself among them; Infinity: all before it. */
  readonly window: number
  /** Indices of the layers, ascending. */
  readonly layers: readonly number[]
}

/**
 * The KV groups of a model, furthest sight first. A window as long as the context is none, so a model that is asked for
 * no more than its window has a single group.
 */
export function kvGroups(layers: readonly Pick<LayerConfig, 'window'>[], contextLength: number): KvGroup[] {
  const groups = new Map<number, number[]>()
  for (const [layer, { window = Number.POSITIVE_INFINITY }] of layers.entries()) {
    const key = window >= contextLength ? Number.POSITIVE_INFINITY : window
    groups.set(key, [...(groups.get(key) ?? []), layer])
  }
  return [...groups].map(([window, members]) => ({ window, layers: members })).sort((a, b) => b.window - a.window)
}
