import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief, isJsonObject, type JsonObject } from '../../core/json'
import { Fields } from '../config/fields'
import { keptIntegers, type PackedForm } from './packing'

/** Bits that MLX's affine integers have. */
const BITS: readonly unknown[] = [2, 3, 4, 5, 6, 8]

const PART = /^(.+)\.(scales|biases)$/

/**
 * MLX's affine integers: w = scale · q + bias for groups of columns, the bits of a row's integers one after another. Single
 * modules may have settings of their own, by their names.
 */
export function mlx(fields: Fields): PackedForm {
  const common = settingsOf(fields)
  const own = new Map<string, ReturnType<typeof settingsOf>>()
  for (const [name, value] of Object.entries(fields.json)) {
    if (isJsonObject(value)) own.set(name, settingsOf(new Fields(value, `${fields.file}.${name}`), fields.json))
  }
  return {
    partOf(name, dtype) {
      const [, linear, part] = PART.exec(name) ?? []
      if (linear !== undefined) return { matrix: `${linear}.weight`, part }
      return dtype === 'U32' ? { matrix: name, part: 'weight' } : undefined
    },
    join(stored) {
      const name = stored.entries.get('weight')?.name.replace(/\.weight$/, '') ?? ''
      const { bits, group } = own.get(name) ?? common
      const [rows, words] = stored.matrixOf('weight', ['U32'])
      const cols = (words * 32) / bits
      if (cols % group !== 0) {
        throw new CorruptCheckpoint(
          `${stored.file}: ${name}.weight has ${words} words a row, which are not groups of ${group} integers of ${bits} bits.`,
        )
      }
      const scales = ['scales', 'biases'].map(part =>
        stored.part(part, ['F32', 'F16', 'BF16'], [[rows, cols / group]], { per: group }),
      )
      return {
        shape: [rows, cols],
        encoding: {
          type: `MLX${bits}`,
          integers: keptIntegers(bits, group, cols, true),
          parts: [stored.part('weight', ['U32'], [[rows, words]], { per: 32 / bits }), ...scales],
          unpacking: { kind: 'integers', bits, group, isSigned: false, divisor: 1 },
        },
      }
    },
  }
}

/** `defaults`: what a module's settings leave out. */
function settingsOf(fields: Fields, defaults: JsonObject = {}): { readonly bits: number; readonly group: number } {
  fields.only('mode', 'affine')
  const bits = fields.read('bits') ?? defaults.bits
  if (typeof bits !== 'number' || !BITS.includes(bits)) {
    throw new UnsupportedModel(`${fields.file}: bits is ${brief(bits)}; supported are ${BITS.join(', ')}.`)
  }
  return { bits, group: fields.size('group_size', 2 ** 20, Number(defaults.group_size)) }
}
