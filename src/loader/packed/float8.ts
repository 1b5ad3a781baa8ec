import { UnsupportedModel } from '../../core/errors'
import { brief } from '../../core/json'
import type { Fields } from '../config/fields'
import type { PackedForm } from './packing'

/** Names of the scales of a matrix: multipliers all, whatever they are called. */
const SCALE = /^(.+)\.(weight_scale_inv|weight_scale)$/

/** Scales of inputs and of the KV cache, which are for computing with 8 bits. */
const UNUSED = /\.(input_scale|activation_scale|output_scale|[kqv]_scale|[kv]_proj\.output_scale)$/

/** Floats of 8 bits (E4M3, arXiv:2209.05433) as transformers and vLLM write them: a scale for a block, a row or all of a matrix. */
export function float8(fields: Fields): PackedForm {
  fields.only('fmt', 'e4m3')
  return float8Matrices(readBlock(fields, 'weight_block_size'))
}

/** Those of NVIDIA's modelopt, with a scale for a matrix. */
export function modelopt(fields: Fields): PackedForm {
  const algorithm = fields.read('quant_algo')
  if (algorithm === 'FP8') return float8Matrices(undefined)
  throw new UnsupportedModel(
    `${fields.file}: quant_method is "modelopt" and quant_algo is ${brief(algorithm)}; only "FP8" is supported.`,
  )
}

/** Rows and columns that share a scale, if they are given: a pair of numbers, or a text such as "128x128". */
export function readBlock(fields: Fields, name: string): readonly [number, number] | undefined {
  const given = fields.read(name)
  if (given === undefined) return undefined
  const [, high, wide] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(String(given)) ?? []
  if (high) return [Number(high), Number(wide)]
  const [rows, cols] = fields.positives(name, 2)
  if (Number.isInteger(rows) && Number.isInteger(cols)) return [rows, cols]
  throw fields.wrong(name, [rows, cols], 'two whole numbers')
}

/** `block`: the rows and columns that share a scale where there are several for a row. */
export function float8Matrices(block: readonly [number, number] | undefined): PackedForm {
  return {
    partOf(name, dtype) {
      if (UNUSED.test(name)) return 'unused'
      const [, linear] = SCALE.exec(name) ?? []
      if (linear !== undefined) return { matrix: `${linear}.weight`, part: 'scale' }
      return dtype === 'F8_E4M3' ? { matrix: name, part: 'weight' } : undefined
    },
    join(stored) {
      const [rows, cols] = stored.matrixOf('weight', ['F8_E4M3'])
      const numScales = stored.shapeOf('scale').reduce((product, size) => product * size, 1)
      const own = numScales === 1 ? [rows, cols] : (block ?? [1, cols])
      const grid = [Math.ceil(rows / own[0]), Math.ceil(cols / own[1])]
      // a scale for each row may be a vector, one for all a number
      const shapes = [grid, ...(grid[1] === 1 ? [[grid[0]]] : []), ...(numScales === 1 ? [[]] : [])]
      return {
        shape: [rows, cols],
        encoding: {
          type: 'FP8',
          integers: 'other',
          parts: [
            stored.part('weight', ['F8_E4M3'], [[rows, cols]], { per: 1 }),
            stored.part('scale', ['F32', 'F16', 'BF16'], shapes, 'all'),
          ],
          unpacking: { kind: 'float8', block: [own[0], own[1]] },
        },
      }
    },
  }
}
