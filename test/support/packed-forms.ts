/**
 * Matrices as tools of today store them, quantised: for each form, random integers and scales in its tensors, and what they stand
 * for, an element at a time in f64 from the form's published definition.
 */
import type { JsonObject } from '../../src/core/json'
import type { Random } from './random'
import type { StoredTensor } from './seeded-packed'

export interface PackedForm {
  /** The fields of config.json that tell of it. */
  readonly config: JsonObject
  /** Whether integers are kept as they are; else they become floats. */
  readonly isKept: boolean
  /** Relative error of the greatest weight, where the form is not rounded once. */
  readonly tolerance?: number
  /** Whether it quantises the embedding and the head too. */
  readonly hasEmbedding?: boolean
  /** The tensors of the matrix `name` [rows, cols]; fills `values` with what they stand for. */
  encode(name: string, rows: number, cols: number, source: Random, values: Float64Array): StoredTensor[]
}

type Dtype = StoredTensor['dtype']

const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }) => new Uint8Array(buffer)
const tensor = (name: string, dtype: Dtype, shape: number[], array: { buffer: ArrayBuffer }): StoredTensor => ({
  ...{ name, dtype, shape },
  data: bytesOf(array),
})

/** Scales with 5 significant bits, which every type of floats holds exactly, and their tensor. */
function scales(name: string, dtype: 'F32' | 'F16' | 'BF16', shape: number[], source: Random, exponent = -9) {
  const length = shape.reduce((product, size) => product * size, 1)
  const values = Float32Array.from({ length }, () => source.int(16, 32) * 2 ** (exponent - 4))
  return { values, stored: floats(name, dtype, shape, values) }
}

function floats(name: string, dtype: 'F32' | 'F16' | 'BF16', shape: number[], values: Float32Array<ArrayBuffer>) {
  if (dtype === 'F32') return tensor(name, dtype, shape, values)
  const halves = Uint16Array.from(values, value => {
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0]
    return dtype === 'BF16' ? bits >>> 16 : float16(value)
  })
  return tensor(name, dtype, shape, halves)
}

/** The f16 of a number that it has exactly. */
function float16(value: number): number {
  if (value === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  return (value < 0 ? 0x8000 : 0) + (exponent + 15) * 1024 + (Math.abs(value) / 2 ** exponent - 1) * 1024
}

/** E4M3 by its definition: sign, four bits of an exponent with the bias 7, three of a fraction. */
function e4m3(byte: number): number {
  const [sign, exponent, fraction] = [byte >> 7, (byte >> 3) % 16, byte % 8]
  return (-1) ** sign * (exponent === 0 ? (fraction / 8) * 2 ** -6 : (1 + fraction / 8) * 2 ** (exponent - 7))
}

interface Float8Options {
  readonly config: JsonObject
  readonly scale: string
  readonly dtype: 'F32' | 'BF16'
  /** Rows and columns that share a scale, and the shape of the scales. */
  block(rows: number, cols: number): readonly [rows: number, cols: number, shape: number[]]
  readonly others?: readonly string[]
}

function float8({ config, scale, dtype, block, others = [] }: Float8Options): PackedForm {
  return {
    ...{ config, isKept: false },
    encode(name, rows, cols, source, values) {
      const [blockRows, blockCols, shape] = block(rows, cols)
      // neither of the two NaNs
      const codes = Uint8Array.from({ length: rows * cols }, () => source.int(0, 127) + 128 * source.int(0, 2))
      const linear = name.replace('.weight', '')
      const { values: factors, stored } = scales(`${linear}.${scale}`, dtype, shape, source, -12)
      for (let i = 0; i < values.length; i++) {
        const [row, col] = [Math.floor(i / cols), i % cols]
        const at = Math.floor(row / blockRows) * Math.ceil(cols / blockCols) + Math.floor(col / blockCols)
        values[i] = e4m3(codes[i]) * factors[at]
      }
      const unused = others.map(part => floats(`${linear}.${part}`, 'F32', [], Float32Array.of(1)))
      return [tensor(name, 'F8_E4M3', [rows, cols], codes), stored, ...unused]
    },
  }
}

const FP8 = { activation_scheme: 'dynamic', fmt: 'e4m3', quant_method: 'fp8', modules_to_not_convert: ['lm_head'] }
const COMPRESSED = { quant_method: 'compressed-tensors', quantization_status: 'compressed', ignore: ['lm_head'] }

const compressed = (format: string, weights: JsonObject) => ({
  quantization_config: {
    ...{ ...COMPRESSED, format, kv_cache_scheme: null, global_compression_ratio: null },
    config_groups: { group_0: { input_activations: null, output_activations: null, targets: ['Linear'], weights } },
  },
})

/** Writes `bits` bits of each number from the lowest bit of the first byte on. */
function bitStream(numbers: ArrayLike<number>, bits: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array((numbers.length * bits) / 8)
  for (let i = 0; i < numbers.length; i++) {
    for (let bit = 0; bit < bits; bit++) {
      if (Math.floor(numbers[i] / 2 ** bit) % 2) out[(i * bits + bit) >> 3] += 2 ** ((i * bits + bit) % 8)
    }
  }
  return out
}

interface IntegerOptions {
  readonly bits: 4 | 8
  /** Undefined: a row. */
  readonly group?: number
  readonly isSymmetric?: boolean
  readonly isPacked?: boolean
  readonly isOrdered?: boolean
}

/** Integers of compressed-tensors: (q - zero) · scale for signed q and zero, in words that hold them plus half of their range. */
function integers({ bits, group, isSymmetric = true, isPacked = true, isOrdered = false }: IntegerOptions): PackedForm {
  const weights = {
    ...{
      num_bits: bits,
      type: 'int',
      symmetric: isSymmetric,
      dynamic: false,
      observer: 'minmax',
      block_structure: null,
    },
    ...{ strategy: group ? 'group' : 'channel', group_size: group ?? null, actorder: isOrdered ? 'group' : null },
  }
  const half = 2 ** (bits - 1)
  return {
    config: compressed(isPacked ? 'pack-quantized' : 'int-quantized', weights),
    isKept: !isOrdered,
    encode(name, rows, cols, source, values) {
      const numGroups = cols / (group ?? cols)
      const codes = Array.from({ length: rows * cols }, () => source.int(-half, half))
      const zeros = Array.from({ length: rows * numGroups }, () => (isSymmetric ? 0 : source.int(-half, half)))
      const { values: factors, stored } = scales(`${name}_scale`, 'BF16', [rows, numGroups], source)
      const groups = Array.from({ length: cols }, (_, col) => Math.floor(col / (group ?? cols)))
      if (isOrdered) groups.reverse()
      for (let i = 0; i < values.length; i++) {
        const at = Math.floor(i / cols) * numGroups + groups[i % cols]
        values[i] = (codes[i] - zeros[at]) * factors[at]
      }
      const offset = (signed: readonly number[]) => signed.map(value => value + half)
      const perWord = 32 / bits
      const order = isOrdered ? [tensor(`${name}_g_idx`, 'I32', [cols], Int32Array.from(groups))] : []
      if (!isPacked) {
        const zeroBytes = tensor(`${name}_zero_point`, 'I8', [rows, numGroups], Int8Array.from(zeros))
        return [tensor(name, 'I8', [rows, cols], Int8Array.from(codes)), stored, ...(isSymmetric ? [] : [zeroBytes])]
      }
      const zeroWords = new Uint32Array(Math.ceil(rows / perWord) * numGroups)
      offset(zeros).forEach((zero, i) => {
        const [row, g] = [Math.floor(i / numGroups), i % numGroups]
        zeroWords[Math.floor(row / perWord) * numGroups + g] += zero * 2 ** (bits * (row % perWord))
      })
      const shape = BigInt64Array.from([BigInt(rows), BigInt(cols)])
      return [
        tensor(`${name}_packed`, 'I32', [rows, cols / perWord], bitStream(offset(codes), bits)),
        stored,
        ...(isSymmetric
          ? []
          : [tensor(`${name}_zero_point`, 'I32', [zeroWords.length / numGroups, numGroups], zeroWords)]),
        tensor(`${name}_shape`, 'I64', [2], shape),
        ...order,
      ]
    },
  }
}

/** MLX's: scale · q + bias. */
function mlx(bits: number, group: 32 | 64, dtype: 'F16' | 'BF16' = 'BF16'): PackedForm {
  const settings = { group_size: group, bits }
  return {
    config: { quantization: { ...settings, mode: 'affine' }, quantization_config: settings },
    ...{ isKept: true, hasEmbedding: true, tolerance: 2 ** -22 },
    encode(name, rows, cols, source, values) {
      const codes = Array.from({ length: rows * cols }, () => source.int(0, 2 ** bits))
      const linear = name.replace('.weight', '')
      const shape = [rows, cols / group]
      const { values: factors, stored } = scales(`${linear}.scales`, dtype, shape, source)
      // MLX has scales of either sign
      const biases = factors.map(factor => -factor * source.int(0, 2 ** bits))
      const rounded = biases.map(value => Math.trunc(value * 2 ** 9) / 2 ** 9).map(value => closeTo(value))
      for (let i = 0; i < values.length; i++) {
        const at = Math.floor(i / group)
        values[i] = factors[at] * codes[i] + rounded[at]
      }
      const words = tensor(name, 'U32', [rows, (cols * bits) / 32], bitStream(codes, bits))
      return [words, stored, floats(`${linear}.biases`, dtype, shape, rounded)]
    },
  }
}

/** Of a number its 8 highest bits, which every type of floats has. */
function closeTo(value: number): number {
  if (value === 0) return 0
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 7)
  return Math.trunc(value / unit) * unit
}

/** The values of NF4 (QLoRA, appendix E), and FP4's by their index (bitsandbytes/functional.py). */
const TABLES = {
  nf4: [
    ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635],
    ...[-0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725],
    ...[0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
  ],
  fp4: [
    ...[0, 0.0052083333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25],
    ...[0, -0.0052083333, -0.66666667, -1, -0.33333333, -0.5, -0.16666667, -0.25],
  ],
}

function float4(kind: 'nf4' | 'fp4', isNested: boolean, blockLen = 64): PackedForm {
  const settings = {
    load_in_4bit: true,
    load_in_8bit: false,
    bnb_4bit_quant_type: kind,
    bnb_4bit_compute_dtype: 'bfloat16',
  }
  return {
    config: { quantization_config: { ...settings, quant_method: 'bitsandbytes', bnb_4bit_use_double_quant: isNested } },
    ...{ isKept: false, tolerance: 2 ** -22 },
    encode(name, rows, cols, source, values) {
      const count = rows * cols
      const codes = Array.from({ length: count }, () => source.int(0, 16))
      const numBlocks = Math.ceil(count / blockLen)
      const table = Float32Array.from(TABLES[kind])
      const state: Record<string, unknown> = {
        quant_type: kind,
        blocksize: blockLen,
        dtype: 'bfloat16',
        shape: [rows, cols],
      }
      const parts: StoredTensor[] = []
      let magnitudes: Float64Array
      if (isNested) {
        const inner = Uint8Array.from({ length: numBlocks }, () => source.int(0, 256))
        const map = Float32Array.from({ length: 256 }, (_, index) => (index - 128) / 128)
        const outer = Float32Array.from({ length: Math.ceil(numBlocks / 256) }, () => source.int(1, 9) / 256)
        const offset = 0.03125
        Object.assign(state, { nested_blocksize: 256, nested_dtype: 'float32', nested_offset: offset })
        magnitudes = Float64Array.from(inner, (index, block) => map[index] * outer[Math.floor(block / 256)] + offset)
        parts.push(
          tensor(`${name}.absmax`, 'U8', [numBlocks], inner),
          tensor(`${name}.nested_absmax`, 'F32', [outer.length], outer),
          tensor(`${name}.nested_quant_map`, 'F32', [256], map),
        )
      } else {
        const { values: own, stored } = scales(`${name}.absmax`, 'F32', [numBlocks], source, -5)
        magnitudes = Float64Array.from(own)
        parts.push(stored)
      }
      for (let i = 0; i < count; i++) values[i] = table[codes[i]] * magnitudes[Math.floor(i / blockLen)]
      const pairs = Uint8Array.from({ length: count / 2 }, (_, i) => codes[2 * i] * 16 + codes[2 * i + 1])
      const text = new TextEncoder().encode(JSON.stringify(state))
      return [
        tensor(name, 'U8', [count / 2, 1], pairs),
        ...parts,
        tensor(`${name}.quant_map`, 'F32', [16], table),
        tensor(`${name}.quant_state.bitsandbytes__${kind}`, 'U8', [text.length], text),
      ]
    },
  }
}

const llmInt8: PackedForm = {
  config: { quantization_config: { quant_method: 'bitsandbytes', load_in_8bit: true, llm_int8_threshold: 6.0 } },
  ...{ isKept: true, tolerance: 2 ** -22 },
  encode(name, rows, cols, source, values) {
    const codes = Int8Array.from({ length: rows * cols }, () => source.int(-127, 128))
    const linear = name.replace('.weight', '')
    const { values: most, stored } = scales(`${linear}.SCB`, 'F32', [rows], source, -3)
    for (let i = 0; i < values.length; i++) values[i] = (codes[i] * most[Math.floor(i / cols)]) / 127
    return [
      tensor(name, 'I8', [rows, cols], codes),
      stored,
      tensor(`${linear}.weight_format`, 'U8', [], new Uint8Array(1)),
    ]
  },
}

const ceil = (size: number, block: number) => Math.ceil(size / block)

export const FORMS: Readonly<Record<string, PackedForm>> = {
  'FP8, blocks of 128 × 128': float8({
    config: { quantization_config: { ...FP8, weight_block_size: [128, 128] } },
    ...{ scale: 'weight_scale_inv', dtype: 'BF16' },
    block: (rows, cols) => [128, 128, [ceil(rows, 128), ceil(cols, 128)]],
  }),
  'FP8, blocks of 24 × 48': float8({
    config: { quantization_config: { ...FP8, weight_block_size: [24, 48] } },
    ...{ scale: 'weight_scale_inv', dtype: 'F32' },
    block: (rows, cols) => [24, 48, [ceil(rows, 24), ceil(cols, 48)]],
  }),
  'FP8, a scale for a matrix': float8({
    config: { quantization_config: { ...FP8, activation_scheme: 'static', weight_block_size: null } },
    ...{ scale: 'weight_scale_inv', dtype: 'BF16', others: ['activation_scale'] },
    block: (rows, cols) => [rows, cols, []],
  }),
  'FP8 of modelopt': float8({
    config: { quantization_config: { quant_method: 'modelopt', quant_algo: 'FP8', ignore: ['lm_head'] } },
    ...{ scale: 'weight_scale', dtype: 'F32', others: ['input_scale'] },
    block: (rows, cols) => [rows, cols, [1]],
  }),
  'compressed FP8, rows': float8({
    config: compressed('float-quantized', { num_bits: 8, type: 'float', strategy: 'channel', symmetric: true }),
    ...{ scale: 'weight_scale', dtype: 'BF16' },
    block: (rows, cols) => [1, cols, [rows, 1]],
  }),
  'compressed FP8, blocks': float8({
    config: compressed('float-quantized', { num_bits: 8, type: 'float', strategy: 'block', block_structure: '64x32' }),
    ...{ scale: 'weight_scale', dtype: 'BF16' },
    block: (rows, cols) => [64, 32, [ceil(rows, 64), ceil(cols, 32)]],
  }),
  'compressed INT4, groups of 32': integers({ bits: 4, group: 32 }),
  'compressed INT4, groups of 64 with zeros': integers({ bits: 4, group: 64, isSymmetric: false }),
  'compressed INT4, rows': integers({ bits: 4 }),
  'compressed INT4, in groups that are not runs': integers({ bits: 4, group: 64, isOrdered: true }),
  'compressed INT8 in words': integers({ bits: 8, group: 64 }),
  'compressed INT8 in words, with zeros': integers({ bits: 8, isSymmetric: false }),
  'compressed INT8': integers({ bits: 8, isPacked: false }),
  'compressed INT8 with zeros': integers({ bits: 8, isPacked: false, isSymmetric: false }),
  'MLX, 4 bits, groups of 64': mlx(4, 64),
  'MLX, 4 bits, groups of 32': mlx(4, 32, 'F16'),
  'MLX, 8 bits': mlx(8, 64),
  'MLX, 6 bits': mlx(6, 64),
  'MLX, 5 bits': mlx(5, 64),
  'MLX, 3 bits': mlx(3, 64),
  'MLX, 2 bits': mlx(2, 32),
  'bitsandbytes INT8': llmInt8,
  NF4: float4('nf4', false),
  'NF4 with magnitudes of 8 bits': float4('nf4', true),
  'FP4, blocks of 128': float4('fp4', true, 128),
}
