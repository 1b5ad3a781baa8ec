import { UnsupportedModel } from '../../core/errors'
import type { Fields } from '../config/fields'
import type { Part } from '../weights/checkpoint'
import { keptIntegers, type PackedForm, type StoredParts } from './packing'

/** bitsandbytes' integers of 8 bits, or floats of 4: which, the tensors tell. */
export function bitsandbytes(fields: Fields): PackedForm {
  const [isInt8, isFloat4] = [fields.flag('load_in_8bit'), fields.flag('load_in_4bit')]
  // as others, bytes would be hidden in the bits of floats
  fields.only('bnb_4bit_quant_storage', 'uint8')
  if (isInt8 !== isFloat4) return isInt8 ? int8 : float4
  throw new UnsupportedModel(
    `${fields.file}: quant_method is "bitsandbytes", with load_in_8bit ${isInt8} and load_in_4bit ${isFloat4}; one of them must be true.`,
  )
}

/** LLM.int8() (arXiv:2208.07339): w = q · SCB / 127, a number SCB for each row. */
const int8: PackedForm = {
  partOf(name, dtype) {
    const [, linear, part] = /^(.+)\.(SCB|weight_format)$/.exec(name) ?? []
    if (part === 'weight_format') return 'unused'
    if (linear !== undefined) return { matrix: `${linear}.weight`, part: 'scale' }
    return dtype === 'I8' ? { matrix: name, part: 'packed' } : undefined
  },
  join(stored) {
    const [rows, cols] = stored.matrixOf('packed', ['I8'])
    return {
      shape: [rows, cols],
      encoding: {
        type: 'INT8',
        integers: keptIntegers(8, cols, cols, false),
        parts: [
          stored.part('packed', ['I8'], [[rows, cols]], { per: 1 }),
          stored.part('scale', ['F32'], [[rows]], { per: cols }),
        ],
        unpacking: { kind: 'integers', bits: 8, group: cols, isSigned: true, divisor: 127 },
      },
    }
  },
}

const FLOAT4 =
  /^(.+\.weight)\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state)(?:\.bitsandbytes__(?:nf4|fp4))?$/

/**
 * Floats of 4 bits (QLoRA, arXiv:2305.14314): pairs of indices into a table, and a magnitude for each block of elements, which
 * may be a byte's index into another table. `quant_state` is a text of JSON with the sizes.
 */
const float4: PackedForm = {
  partOf(name, dtype) {
    const [, matrix, part] = FLOAT4.exec(name) ?? []
    if (matrix !== undefined) return { matrix, part }
    return dtype === 'U8' ? { matrix: name, part: 'weight' } : undefined
  },
  join(stored) {
    const [numBytes] = stored.matrixOf('weight', ['U8'])
    const all = (part: string, dtype: 'F32' | 'U8') => stored.part(part, [dtype], [stored.shapeOf(part)], 'all')
    const isNested = stored.entries.get('absmax')?.dtype === 'U8'
    const parts: Part[] = [
      stored.part('weight', ['U8'], [[numBytes, 1]], { per: 2 }),
      all('absmax', isNested ? 'U8' : 'F32'),
      stored.part('quant_map', ['F32'], [[16]], 'all'),
      ...(isNested ? [all('nested_absmax', 'F32'), stored.part('nested_quant_map', ['F32'], [[256]], 'all')] : []),
      all('quant_state', 'U8'),
    ]
    return {
      shape: [numBytes * 2],
      isFlat: true,
      encoding: { type: nameOf(stored), integers: 'other', parts, unpacking: { kind: 'float4' } },
    }
  },
}

function nameOf(stored: StoredParts): string {
  return stored.entries.get('quant_state')?.name.endsWith('fp4') ? 'FP4' : 'NF4'
}
