import type { Fields } from '../config/fields'
import type { WindowOptions } from './windows'

/** Default of `max_window_layers` in transformers. */
const FULL_LAYERS = 28

export const QWEN_WINDOW_FIELDS = ['sliding_window', 'use_sliding_window', 'layer_types', 'max_window_layers']

/** Qwen's windows: none unless `use_sliding_window` asks for them, and then from layer `max_window_layers` on. */
export function upperLayersSlide(fields: Fields): WindowOptions {
  const first = fields.count('max_window_layers', FULL_LAYERS)
  return { usesWindow: false, defaultWindow: 4096, slides: layer => layer >= first }
}
