/**
 * Seeded models whose linear layers are 4-bit integers, as GPTQ's and AWQ's tools store them, beside the same weights as
 * f32. Everything is computed an element at a time from the formats' definitions.
 */
import { float16Bits } from '../../src/core/float16'
import type { StoredDtype } from '../../src/loader/weights/dtype'
import { type Files, safetensorsFile } from '../loader/memory-source'
import type { PackedForm } from './packed-forms'
import { type Random, random } from './random'
import { byteLevelTokenizer, byteLevelTokenizerConfig } from './seeded-tokenizer'
import { type SeededConfig, type SeededTensor, seededTensors, seededValues } from './seeded-weights'

export interface PackedOptions {
  readonly method: 'gptq' | 'awq'
  readonly bits?: 4 | 8
  readonly group: 32 | 64 | 128
  readonly isSymmetric?: boolean
  /** Inputs belong to groups in a shuffled order, written as g_idx; `trivial`: g_idx says what it would be without. */
  readonly order?: 'shuffled' | 'trivial'
  readonly version?: 'gptq' | 'gptq_v2'
  readonly scales?: 'F16' | 'BF16'
  /** The tensors of the file in an order of its own; or by type, as Hugging Face's library writes them. */
  readonly isShuffled?: boolean
  readonly isSorted?: boolean
}

export interface StoredTensor extends Pick<SeededTensor, 'name' | 'shape'> {
  readonly dtype: StoredDtype
  readonly data: Uint8Array
}

/** In the order of safetensors' files. */
const DTYPES = ['F32', 'I32', 'F16', 'BF16']

/** AutoAWQ packs column order[i] of each eight as the i-th four bits of a word. */
const AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]

/** The files of both: `packed` and `plain`. */
export function packedModel(
  config: SeededConfig,
  seed: number,
  options: PackedOptions,
): { readonly packed: Files; readonly plain: Files } {
  const packed: StoredTensor[] = []
  const plain: StoredTensor[] = []
  for (const tensor of seededTensors(config)) {
    const isLinear = /_proj\.weight$/.test(tensor.name)
    const values = new Float32Array(tensor.shape.reduce((product, size) => product * size, 1))
    if (isLinear) packed.push(...quantised(tensor, seed, options, values))
    else seededValues(seed, tensor, 0, values)
    const stored = { ...tensor, dtype: 'F32' as const, data: new Uint8Array(values.buffer) }
    plain.push(stored)
    if (!isLinear) packed.push(stored)
  }
  const shuffled = options.isShuffled ? shuffle(packed, random(seed)) : packed
  if (options.isSorted) shuffled.sort((a, b) => DTYPES.indexOf(a.dtype) - DTYPES.indexOf(b.dtype))
  const settings = { ...config, quantization_config: quantizationConfig(options) }
  return { packed: modelFiles(settings, shuffled), plain: modelFiles(config, plain) }
}

function quantizationConfig({ method, bits = 4, group, isSymmetric = false, order, version }: PackedOptions) {
  const common = { quant_method: method, bits, group_size: group }
  if (method === 'awq') return { ...common, zero_point: true, version: 'gemm', modules_to_not_convert: ['lm_head'] }
  return { ...common, sym: isSymmetric, desc_act: order === 'shuffled', damp_percent: 0.01, checkpoint_format: version }
}

/** The tensors of one linear layer; fills `values` [out, in] with what they stand for. */
function quantised(
  { name, shape: [rows, cols] }: SeededTensor,
  seed: number,
  { method, bits = 4, group, isSymmetric = false, order, version = 'gptq', scales: scaleType = 'F16' }: PackedOptions,
  values: Float32Array,
): StoredTensor[] {
  const source = random(seed + rows * 7 + cols * 13 + name.length * 31)
  const numGroups = cols / group
  const unit = 2 ** -(Math.floor((32 - Math.clz32(cols - 1)) / 2) + 6)
  const codes = Array.from({ length: rows * cols }, () => source.int(0, 2 ** bits))
  const scales = Array.from({ length: numGroups * rows }, () => source.int(16, 32) * unit)
  const zeros = Array.from({ length: numGroups * rows }, () =>
    isSymmetric ? 2 ** (bits - 1) : source.int(0, 2 ** bits),
  )
  const groups = Array.from({ length: cols }, (_, col) => Math.floor(col / group))
  const groupOf = order === 'shuffled' ? shuffle(groups, source) : groups

  const perWord = 32 / bits
  const qweight = new Uint32Array((rows * cols) / perWord)
  const qzeros = new Uint32Array((numGroups * rows) / perWord)
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const code = codes[row * cols + col]
      const place = groupOf[col] * rows + row
      values[row * cols + col] = (code - zeros[place]) * scales[place]
      if (method === 'gptq') qweight[Math.floor(col / perWord) * rows + row] += code * 2 ** (bits * (col % perWord))
      else qweight[(col * rows) / 8 + Math.floor(row / 8)] += code * 16 ** AWQ_ORDER.indexOf(row % 8)
    }
    for (let g = 0; g < numGroups; g++) {
      const place = method === 'gptq' ? row % perWord : AWQ_ORDER.indexOf(row % 8)
      qzeros[(g * rows) / perWord + Math.floor(row / perWord)] += zeros[g * rows + row] * 2 ** (bits * place)
    }
  }
  // the first version stores words of zeros less this
  if (method === 'gptq' && version === 'gptq')
    for (const i of qzeros.keys()) qzeros[i] -= bits === 4 ? 0x11111111 : 0x01010101
  // scales have 5 significant bits, so both hold them exactly
  const toHalf = scaleType === 'F16' ? float16Bits : (bits: number) => bits >>> 16
  const halves = Uint16Array.from(new Uint32Array(Float32Array.from(scales).buffer), toHalf)
  const part = (kind: string, dtype: StoredTensor['dtype'], shape: number[], data: { buffer: ArrayBuffer }) => ({
    name: name.replace(/weight$/, kind),
    dtype,
    shape,
    data: new Uint8Array(data.buffer),
  })
  return [
    ...(order ? [part('g_idx', 'I32', [cols], Int32Array.from(groupOf))] : []),
    part('qweight', 'I32', method === 'gptq' ? [cols / perWord, rows] : [cols, rows / 8], qweight),
    part('qzeros', 'I32', [numGroups, rows / perWord], qzeros),
    part('scales', scaleType, [numGroups, rows], halves),
  ]
}

/** The same for one of the other forms; `plain`: the f32 nearest to what it stands for. */
export function packedFormModel(
  config: SeededConfig,
  seed: number,
  form: PackedForm,
  isShuffled = false,
): { readonly packed: Files; readonly plain: Files } {
  const packed: StoredTensor[] = []
  const plain: StoredTensor[] = []
  for (const each of seededTensors(config)) {
    const { name, shape } = each
    const isPacked = /_proj\.weight$/.test(name) || (form.hasEmbedding && /(embed_tokens|lm_head)\.weight$/.test(name))
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1))
    if (isPacked) {
      const exact = new Float64Array(values.length)
      packed.push(...form.encode(name, shape[0], shape[1], random(seed + shape[0] * 7 + name.length * 31), exact))
      values.set(exact)
    } else seededValues(seed, each, 0, values)
    const stored = { name, shape, dtype: 'F32' as const, data: new Uint8Array(values.buffer) }
    plain.push(stored)
    if (!isPacked) packed.push(stored)
  }
  const order = isShuffled ? shuffle(packed, random(seed)) : packed
  return { packed: modelFiles({ ...config, ...form.config }, order), plain: modelFiles(config, plain) }
}

function modelFiles(config: SeededConfig, tensors: readonly StoredTensor[]): Files {
  const header: Record<string, unknown> = {}
  let end = 0
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.length] }
    end += data.length
  }
  const bytes = new Uint8Array(end)
  end = 0
  for (const { data } of tensors) {
    bytes.set(data, end)
    end += data.length
  }
  return {
    'config.json': JSON.stringify(config),
    'tokenizer.json': JSON.stringify(byteLevelTokenizer(config.vocab_size)),
    'tokenizer_config.json': JSON.stringify(byteLevelTokenizerConfig),
    'model.safetensors': safetensorsFile(header, bytes),
  }
}

/** Fisher–Yates. */
function shuffle<T>(items: readonly T[], source: Random): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = source.int(0, i + 1)
    ;[out[i], out[j]] = [out[j], out[i]]
  }
  return out
}
