import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief } from '../../core/json'
import type { Fields } from '../config/fields'

const TYPES = ['full_attention', 'sliding_attention']

export interface WindowOptions {
  /** Whether `sliding_window` counts where `use_sliding_window` is absent; default true. */
  readonly usesWindow?: boolean
  /** Window where `sliding_window` is absent; null in the field is none. Default: none. */
  readonly defaultWindow?: number
  /** Whether a layer has the window if `layer_types` is absent; default: all have. */
  slides?(layer: number): boolean
}

/** [numLayers]: each layer's sliding window in tokens; undefined where it sees everything. */
export function readWindows(
  fields: Fields,
  numLayers: number,
  { usesWindow = true, defaultWindow, slides = () => true }: WindowOptions,
): (number | undefined)[] {
  const isUsed = fields.flag('use_sliding_window', usesWindow)
  const given = fields.read('sliding_window')
  const fallback = 'sliding_window' in fields.json ? undefined : defaultWindow
  const window = given === undefined ? fallback : fields.size('sliding_window', Number.MAX_SAFE_INTEGER)
  const types = readLayerTypes(fields, numLayers)
  if (isUsed && types?.includes('sliding_attention') && window === undefined) {
    throw fields.wrong('sliding_window', given, 'given for the layers of "sliding_attention"')
  }
  const isSliding = (layer: number) => isUsed && (types ? types[layer] === 'sliding_attention' : slides(layer))
  return Array.from({ length: numLayers }, (_, layer) => (isSliding(layer) ? window : undefined))
}

function readLayerTypes(fields: Fields, numLayers: number): string[] | undefined {
  const types = fields.read('layer_types')
  if (types === undefined) return undefined
  if (!Array.isArray(types) || types.some(type => !TYPES.includes(type))) {
    throw new UnsupportedModel(`config.json: layer_types is ${brief(types)}; supported are ${TYPES.join(', ')}.`)
  }
  if (types.length === numLayers) return types
  throw new CorruptCheckpoint(`config.json: layer_types has ${types.length} entries for ${numLayers} layers.`)
}
