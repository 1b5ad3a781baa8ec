import { assert } from '../../core/assert'
import type { RowEncoding } from '../weights/checkpoint'
import { DTYPE_BYTES, type Dtype } from '../weights/dtype'
import { toFloat32 } from '../weights/to-float32'
import { GROUP, type TensorFormat } from './block'
import { q2_k, q3_k } from './blocks-of-16'
import { q4_0, q4_1, q5_0, q5_1, q8_0 } from './blocks-of-32'
import { q4_k, q5_k, q6_k } from './blocks-of-256'
import { iq4_nl, iq4_xs, mxfp4 } from './blocks-of-tables'
import { tq1_0, tq2_0 } from './blocks-of-trits'

/** Formats by ggml's numbers for them. */
export const FORMATS: ReadonlyMap<number, TensorFormat> = new Map([
  [0, float('F32')],
  [1, float('F16')],
  [2, q4_0],
  [3, q4_1],
  [6, q5_0],
  [7, q5_1],
  [8, q8_0],
  [10, q2_k],
  [11, q3_k],
  [12, q4_k],
  [13, q5_k],
  [14, q6_k],
  [20, iq4_nl],
  [23, iq4_xs],
  [30, float('BF16')],
  [34, tq1_0],
  [35, tq2_0],
  [39, mxfp4],
])

const BY_NAME = new Map([...FORMATS.values()].map(format => [format.name, format]))

/** The one of `FORMATS` with this name. */
export function formatNamed(name: string): TensorFormat {
  const format = BY_NAME.get(name)
  assert(format !== undefined, `there is no format ${name}`)
  return format
}

/** The encoding of a tensor of this format. */
export function encodingOf({ name, blockLen, integers }: TensorFormat): RowEncoding {
  if (blockLen === 1) return { type: name }
  return {
    type: name,
    integers: integers ? { bits: integers.bits, group: GROUP, hasZeros: integers.hasZeros } : 'other',
  }
}

/** Names of formats that files have or had and that cannot be read (ggml.h), for errors. */
const OTHER_NAMES: Readonly<Record<number, string>> = {
  4: 'Q4_2',
  5: 'Q4_3',
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  21: 'IQ3_S',
  22: 'IQ2_S',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  31: 'Q4_0_4_4',
  32: 'Q4_0_4_8',
  33: 'Q4_0_8_8',
  36: 'IQ4_NL_4_4',
  37: 'IQ4_NL_4_8',
  38: 'IQ4_NL_8_8',
  40: 'NVFP4',
  41: 'Q1_0',
  42: 'Q2_0',
}

export function formatName(type: number): string {
  return FORMATS.get(type)?.name ?? OTHER_NAMES[type] ?? `${type} (unknown)`
}

function float(dtype: Dtype): TensorFormat {
  return {
    name: dtype,
    blockLen: 1,
    blockBytes: DTYPE_BYTES[dtype],
    decode: (bytes, out) => toFloat32(dtype, bytes, out),
  }
}
