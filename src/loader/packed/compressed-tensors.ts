import { UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject } from '../../core/json'
import { Fields } from '../config/fields'
import type { Part } from '../weights/checkpoint'
import { float8Matrices, readBlock } from './float8'
import { keptIntegers, type PackedForm, type StoredParts } from './packing'

const FORMATS = ['pack-quantized', 'int-quantized', 'float-quantized', 'naive-quantized']

/**
 * compressed-tensors, as LLM Compressor writes them: integers in words or bytes with a scale for a group or a row, or floats of
 * 8 bits. Inputs are not quantised here, whatever it says of them.
 */
export function compressedTensors(fields: Fields): PackedForm {
  const { file } = fields
  const groups = fields.read('config_groups')
  const all = isJsonObject(groups) ? Object.entries(groups) : []
  const [first, ...others] = all.map(([name, group]) => {
    if (isJsonObject(group) && isJsonObject(group.weights)) return { name, group, weights: group.weights }
    throw new UnsupportedModel(`${file}: config_groups.${name} is ${brief(group)}, without weights.`)
  })
  if (!first) throw fields.wrong('config_groups', groups, 'an object with a group')
  const differing = others.find(({ weights }) => JSON.stringify(weights) !== JSON.stringify(first.weights))
  const format = fields.read('format') ?? first.group.format
  if (typeof format !== 'string' || !FORMATS.includes(format) || differing) {
    const what = differing ? `groups ${first.name} and ${differing.name} differ` : `format is ${brief(format)}`
    throw new UnsupportedModel(
      `${file}: quant_method is "compressed-tensors" and ${what}; supported are ${FORMATS.join(', ')}, alike for all matrices.`,
    )
  }
  const sparsity = fields.read('sparsity_config') ?? {}
  if (!isJsonObject(sparsity) || (sparsity.format ?? 'dense') !== 'dense') {
    throw new UnsupportedModel(`${file}: sparsity_config is ${brief(sparsity)}; only the format "dense" is supported.`)
  }
  const weights = new Fields(first.weights, `${file}.config_groups.${first.name}.weights`)
  const type = weights.read('type') ?? 'int'
  if (type === 'float') {
    weights.only('num_bits', 8)
    return float8Matrices(readBlock(weights, 'block_structure'))
  }
  weights.only('type', 'int')
  const bits = weights.read('num_bits')
  const isPacked = format === 'pack-quantized'
  if (bits !== 8 && !(bits === 4 && isPacked)) {
    throw new UnsupportedModel(
      `${file}: format is ${brief(format)} and num_bits is ${brief(bits)}; supported are ${isPacked ? '4, 8' : '8'}.`,
    )
  }
  const strategy = weights.read('strategy')
  const isGrouped = strategy === 'group'
  if (!isGrouped && strategy !== 'channel' && strategy !== 'tensor') {
    throw new UnsupportedModel(
      `${weights.file}: strategy is ${brief(strategy)}; supported are group, channel, tensor for integers.`,
    )
  }
  const group = isGrouped ? weights.size('group_size', 2 ** 20) : undefined
  const order = weights.read('actorder')
  const isOrdered = order === true || order === 'group'
  return integerMatrices({ bits, group, isPacked, isOrdered, isSymmetric: weights.flag('symmetric', true) })
}

/** The parts of a matrix, by what follows its name; `weight` alone is a part where it is of bytes. */
const PART = /^(.+)\.weight_(packed|scale|zero_point|g_idx|shape)$/
const UNUSED = /\.((input|output)_(scale|zero_point|global_scale)|[kqv]_scale)$/

interface Settings {
  readonly bits: 4 | 8
  /** Columns that share a scale; undefined: all of a row. */
  readonly group: number | undefined
  /** Whether integers are in words. */
  readonly isPacked: boolean
  readonly isSymmetric: boolean
  /** Whether groups are no runs of columns. */
  readonly isOrdered: boolean
}

function integerMatrices({ bits, group, isPacked, isSymmetric, isOrdered }: Settings): PackedForm {
  return {
    partOf(name, dtype) {
      if (UNUSED.test(name)) return 'unused'
      const [, linear, part] = PART.exec(name) ?? []
      // the shape that the columns had before they were padded to whole words, which those of a model fill
      if (part === 'shape') return 'unused'
      if (linear !== undefined) return { matrix: `${linear}.weight`, part }
      return dtype === 'I8' ? { matrix: name, part: 'packed' } : undefined
    },
    join(stored) {
      const words = 32 / bits
      const perItem = isPacked ? words : 1
      const dtype = isPacked ? 'I32' : 'I8'
      const [rows, items] = stored.matrixOf('packed', [dtype])
      const cols = items * perItem
      const numScales = stored.shapeOf('scale').reduce((product, size) => product * size, 1)
      const own = numScales === 1 ? undefined : group
      const numGroups = cols / (own ?? cols)
      const isOne = numScales === 1
      const shapes = isOne ? [[1], [], [1, 1]] : [[rows, numGroups]]
      const parts: Part[] = [
        stored.part('packed', [dtype], [[rows, items]], { per: perItem }),
        stored.part('scale', ['F32', 'F16', 'BF16'], shapes, isOne ? 'all' : { per: own ?? cols }),
        ...zeroPart(stored, isSymmetric, isPacked, [rows, numGroups], words),
        ...(isOrdered ? [stored.part('g_idx', ['I32', 'I64'], [[cols]], 'all')] : []),
      ]
      return {
        shape: [rows, cols],
        encoding: {
          type: `INT${bits}`,
          integers: isOrdered ? 'other' : keptIntegers(bits, own ?? cols, cols, !isSymmetric),
          parts,
          unpacking: { kind: 'integers', bits, group: own ?? cols, isSigned: !isPacked, divisor: 1 },
        },
      }
    },
  }
}

/** Zeros, in words of rows that follow each other where matrices are in words; those of symmetric matrices are left out. */
function zeroPart(
  stored: StoredParts,
  isSymmetric: boolean,
  isPacked: boolean,
  [rows, numGroups]: readonly [number, number],
  perWord: number,
): Part[] {
  if (isSymmetric) return []
  const shape = isPacked ? [Math.ceil(rows / perWord), numGroups] : [rows, numGroups]
  return [stored.part('zero_point', [isPacked ? 'I32' : 'I8'], [shape], 'all')]
}
