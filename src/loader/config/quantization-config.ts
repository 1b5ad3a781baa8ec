import { UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject, type JsonObject } from '../../core/json'
import type { QuantizedRows } from '../../core/rows'
import { Fields } from './fields'

/** The form in which the 4-bit matrices of a checkpoint are stored, by its config.json. */
export interface Quantization {
  readonly method: 'GPTQ' | 'AWQ'
  /** Number of inputs that share a scale. */
  readonly group: QuantizedRows['group']
  /** Whether all zeros are 8. */
  readonly isSymmetric: boolean
  /** Whether columns may have been quantised in another order than they have (`desc_act`), so that groups are not runs. */
  readonly isOrdered: boolean
  /** Difference between zeros as they are meant and as they are stored. */
  readonly zeroOffset: 0 | 1
}

const GROUPS: readonly unknown[] = [32, 64, 128] satisfies QuantizedRows['group'][]

/** Fields besides `quantization_config` by which config.json tells of quantised weights, and whose they are: none can be read. */
const OTHER_FIELDS: readonly (readonly [field: string, method: string])[] = [
  // beside a quantization_config that says the same again
  ['quantization', 'MLX'],
  ['compression_config', 'compressed-tensors'],
]

/** Fields that only one method has, and that method: its early files have no `quant_method`. */
const SIGNS: readonly (readonly [field: string, method: string])[] = [
  ['load_in_4bit', 'bitsandbytes'],
  ['load_in_8bit', 'bitsandbytes'],
  ['config_groups', 'compressed-tensors'],
  ['quant_algo', 'modelopt'],
  ['mode', 'MLX'],
]

const WHAT_TO_DO = 'supported are gptq, awq of 4 bits, and GGUF files. Or use the model from which it was quantised.'

/**
 * Reads `quantization_config`, as AutoGPTQ, GPTQModel and AutoAWQ write it; undefined if there is none. The tensors
 * themselves tell which matrices are quantised, so `modules_to_not_convert` need not be read; fields about how the rounding
 * was found do not matter.
 * @throws UnsupportedModel for any other quantisation, by its name
 */
export function parseQuantization(config: JsonObject): Quantization | undefined {
  for (const [field, method] of OTHER_FIELDS) {
    const value = config[field] ?? undefined
    if (value === undefined) continue
    throw new UnsupportedModel(
      `config.json: ${field} is ${brief(value)}: weights quantised by ${method}; ${WHAT_TO_DO}`,
    )
  }
  const json = config.quantization_config ?? undefined
  if (json === undefined) return undefined
  const file = 'config.json: quantization_config'
  if (!isJsonObject(json)) throw new UnsupportedModel(`${file} is ${brief(json)}; it must be an object.`)
  const fields = new Fields(json, file)
  const method = fields.read('quant_method') ?? SIGNS.find(([sign]) => sign in json)?.[1]
  if (method !== 'gptq' && method !== 'awq') {
    throw new UnsupportedModel(`${file}: quant_method is ${brief(method)}; ${WHAT_TO_DO}`)
  }
  fields.only('bits', 4)
  const group = fields.read('group_size')
  if (!isGroup(group)) {
    throw new UnsupportedModel(`${file}: group_size is ${brief(group)}; supported are ${GROUPS.join(', ')}.`)
  }
  return method === 'gptq' ? gptq(fields, group) : awq(fields, group)
}

function gptq(fields: Fields, group: Quantization['group']): Quantization {
  const format = fields.read('checkpoint_format') ?? 'gptq'
  if (format !== 'gptq' && format !== 'gptq_v2') {
    throw new UnsupportedModel(
      `${fields.file}: checkpoint_format is ${brief(format)}; supported are "gptq", "gptq_v2".`,
    )
  }
  fields.only('pack_dtype', 'int32')
  // settings of single layers
  const dynamic = fields.read('dynamic') ?? {}
  if (!isJsonObject(dynamic) || Object.keys(dynamic).length > 0) {
    throw new UnsupportedModel(`${fields.file}: dynamic is ${brief(dynamic)}; all layers must be quantised alike.`)
  }
  return {
    method: 'GPTQ',
    group,
    isSymmetric: fields.flag('sym'),
    isOrdered: fields.flag('desc_act'),
    // the first version of the format stores zeros less one
    zeroOffset: format === 'gptq' ? 1 : 0,
  }
}

function awq(fields: Fields, group: Quantization['group']): Quantization {
  const version = fields.read('version') ?? 'gemm'
  if (typeof version !== 'string' || version.toLowerCase() !== 'gemm') {
    throw new UnsupportedModel(`${fields.file}: version is ${brief(version)}; only "gemm" is supported.`)
  }
  fields.only('zero_point', true)
  return { method: 'AWQ', group, isSymmetric: false, isOrdered: false, zeroOffset: 0 }
}

function isGroup(value: unknown): value is Quantization['group'] {
  return GROUPS.includes(value)
}
