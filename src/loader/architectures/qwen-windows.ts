import type { Fields } from '../fields'
import type { WindowOptions } from './windows'

/** transformers' default for `max_window_layers`. */
const FULL_LAYERS = 28

/** Qwen's windows: none unless `use_sliding_window` says so, and then from layer `max_window_layers` on. */
export function upperLayersSlide(fields: Fields): WindowOptions {
  const first = Number(fields.read('max_window_layers') ?? FULL_LAYERS)
  return { usesWindow: false, defaultWindow: 4096, slides: layer => layer >= first }
}
