import { UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject, type JsonObject } from '../../core/json'
import { Fields } from '../config/fields'
import { bitsandbytes } from './bitsandbytes'
import { compressedTensors } from './compressed-tensors'
import { float8, modelopt } from './float8'
import { GatheredParts } from './gather-parts'
import { mlx } from './mlx'
import { type PackedForm, type Packing, StoredParts } from './packing'
import { autoRound, awq, gptq } from './transposed'

/** Readers by `quant_method`. */
const METHODS: Readonly<Record<string, (fields: Fields) => PackedForm>> = {
  gptq,
  awq,
  'auto-round': autoRound,
  fp8: float8,
  modelopt,
  'compressed-tensors': compressedTensors,
  bitsandbytes,
  mlx,
}

/** Fields by which config.json tells of quantised weights, and whose they are where it says nothing else. */
const FIELDS: readonly (readonly [field: string, method: string | undefined])[] = [
  // beside a quantization_config that says the same again
  ['quantization', 'mlx'],
  ['compression_config', 'compressed-tensors'],
  ['quantization_config', undefined],
]

/** Fields that only one method has, and that method: its early files have no `quant_method`. */
const SIGNS: readonly (readonly [field: string, method: string])[] = [
  ['load_in_4bit', 'bitsandbytes'],
  ['load_in_8bit', 'bitsandbytes'],
  ['config_groups', 'compressed-tensors'],
  ['quant_algo', 'modelopt'],
  ['mode', 'mlx'],
]

/**
 * The form in which a checkpoint stores quantised matrices, by its config.json; undefined if it has none. The tensors themselves
 * tell which matrices are quantised, so lists of modules need not be read; fields about how the rounding was found do not matter.
 * @throws UnsupportedModel for any other quantisation, by its name
 */
export function readPacking(config: JsonObject): Packing | undefined {
  const [field, ofField] = FIELDS.find(([field]) => (config[field] ?? undefined) !== undefined) ?? []
  if (field === undefined) return undefined
  const json = config[field]
  const file = `config.json: ${field}`
  if (!isJsonObject(json)) throw new UnsupportedModel(`${file} is ${brief(json)}; it must be an object.`)
  const fields = new Fields(json, file)
  const method = fields.read('quant_method') ?? SIGNS.find(([sign]) => sign in json)?.[1] ?? ofField
  if (typeof method === 'string' && Object.hasOwn(METHODS, method)) return packingOf(METHODS[method](fields))
  const format = fields.read('format') ?? fields.read('quant_algo') ?? fields.read('quant_type')
  throw new UnsupportedModel(
    `${file}: quant_method is ${brief(method)}${format === undefined ? '' : ` and its format ${brief(format)}`}; supported are ${Object.keys(METHODS).join(', ')}, and GGUF files. Or use the model from which it was quantised.`,
  )
}

function packingOf(form: PackedForm): Packing {
  return {
    partOf: form.partOf,
    join: (matrix, parts) => form.join(new StoredParts(matrix, parts)),
    gather: (checkpoint, expected, maxSlabElements) => new GatheredParts(checkpoint, expected, maxSlabElements),
  }
}
