import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject } from '../../core/json'
import type { Fields } from '../config/fields'
import type { Part, Unpacking } from '../weights/checkpoint'
import { keptIntegers, type PackedForm, type StoredParts } from './packing'

type Transposed = Extract<Unpacking, { readonly kind: 'transposed' }>

interface Settings extends Pick<Transposed, 'isSymmetric' | 'zeroOffset' | 'isAwq'> {
  readonly bits: 4 | 8
  /** Undefined: all inputs share a scale. */
  readonly group: number | undefined
  /** Whether columns may have been quantised in another order than they have, so that groups are not runs. */
  readonly isOrdered: boolean
}

/** GPTQ (arXiv:2210.17323) of 4 and 8 bits, as AutoGPTQ and GPTQModel write it. */
export function gptq(fields: Fields): PackedForm {
  const bits = fields.read('bits')
  if (bits !== 4 && bits !== 8)
    throw new UnsupportedModel(`${fields.file}: bits is ${brief(bits)}; supported are 4, 8.`)
  const group = readGroup(fields)
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
  return transposed({
    bits,
    group,
    isSymmetric: fields.flag('sym'),
    isOrdered: fields.flag('desc_act'),
    // the first version of the format stores zeros less one
    zeroOffset: format === 'gptq' ? 1 : 0,
    isAwq: false,
  })
}

/** AWQ (arXiv:2306.00978) of 4 bits, as AutoAWQ writes it. */
export function awq(fields: Fields): PackedForm {
  fields.only('bits', 4)
  const group = readGroup(fields)
  const version = fields.read('version') ?? 'gemm'
  if (typeof version !== 'string' || version.toLowerCase() !== 'gemm') {
    throw new UnsupportedModel(`${fields.file}: version is ${brief(version)}; only "gemm" is supported.`)
  }
  fields.only('zero_point', true)
  return transposed({ bits: 4, group, isSymmetric: false, isOrdered: false, zeroOffset: 0, isAwq: true })
}

/**
 * AutoRound (arXiv:2309.05516), which exports in both forms; those of its own are GPTQ's. `extra_config` has settings of
 * single layers.
 */
export function autoRound(fields: Fields): PackedForm {
  const format = fields.read('packing_format') ?? fields.read('backend') ?? 'auto_round:auto_gptq'
  const [, kind] = /^auto_round:(?:auto_)?(gptq|awq)(?::exllamav2|:tritonv2)?$/.exec(String(format)) ?? []
  if (kind === undefined) {
    throw new UnsupportedModel(
      `${fields.file}: quant_method is "auto-round" and packing_format is ${brief(format)}; supported are "auto_round:auto_gptq", "auto_round:auto_awq".`,
    )
  }
  fields.only('data_type', 'int')
  const extra = fields.read('extra_config') ?? {}
  const bits = fields.read('bits')
  const isAlike = (each: unknown) =>
    isJsonObject(each) && (Number(each.bits ?? bits) >= 16 || (each.bits ?? bits) === bits)
  if (!isJsonObject(extra) || !Object.values(extra).every(isAlike)) {
    throw new UnsupportedModel(`${fields.file}: extra_config is ${brief(extra)}; all layers must be quantised alike.`)
  }
  if (kind === 'gptq') return gptq(fields)
  fields.only('bits', 4)
  const isSymmetric = fields.flag('sym')
  return transposed({ bits: 4, group: readGroup(fields), isSymmetric, isOrdered: false, zeroOffset: 0, isAwq: true })
}

/** Inputs that share a scale; undefined for -1, all of them. */
function readGroup(fields: Fields): number | undefined {
  const group = fields.read('group_size')
  if (group === -1) return undefined
  return fields.size('group_size', 2 ** 20)
}

const PART_NAME = /^(.+)\.(qweight|qzeros|scales|g_idx)$/

/** Matrices whose words [in, out] are the transpose of ours. */
function transposed({ bits, group: givenGroup, isOrdered, ...settings }: Settings): PackedForm {
  const perWord = 32 / bits
  return {
    partOf(name) {
      const [, linear, part] = PART_NAME.exec(name) ?? []
      return linear === undefined ? undefined : { matrix: `${linear}.weight`, part }
    },
    join(stored: StoredParts) {
      const { isAwq, isSymmetric } = settings
      const [high, low] = stored.matrixOf('qweight', ['I32'])
      const [cols, rows] = isAwq ? [high, low * perWord] : [high * perWord, low]
      const group = givenGroup ?? cols
      const numGroups = cols / group
      const order = !isAwq && stored.has('g_idx') ? [stored.part('g_idx', ['I32'], [[cols]], 'all')] : []
      const parts: Part[] = [
        stored.part('qweight', ['I32'], [[high, low]], { count: high }),
        stored.part('qzeros', ['I32'], [[numGroups, rows / perWord]], { count: numGroups }),
        stored.part('scales', ['F16', 'BF16'], [[numGroups, rows]], { count: numGroups }),
        ...order,
      ]
      if (stored.entries.size > parts.length) {
        throw new CorruptCheckpoint(`${stored.file}: ${stored.matrix} has a g_idx, which AWQ has not.`)
      }
      return {
        shape: [rows, cols],
        encoding: {
          type: isAwq ? 'AWQ' : 'GPTQ',
          integers: isOrdered ? 'other' : keptIntegers(bits, group, cols, !isSymmetric),
          parts,
          unpacking: { kind: 'transposed', bits, group, ...settings },
        },
      }
    },
  }
}
