import { random } from '../../support/random'
import { type SeededConfig, type SeededTensor, seededFiles, seededTensors } from '../../support/seeded-weights'
import { type Files, safetensorsFile } from '../memory-source'
import { plausibleBlock, REFERENCES } from './reference-blocks'
import { ggufName, interleave, seededFields } from './seeded-gguf'
import { writeGguf } from './write-gguf'

const TYPES: Readonly<Record<string, number>> = {
  F32: 0,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  Q2_K: 10,
  Q3_K: 11,
  IQ4_NL: 20,
  IQ4_XS: 23,
  TQ1_0: 34,
  TQ2_0: 35,
  MXFP4: 39,
}

/** A seeded model as a GGUF file whose matrices are random blocks of the formats that `formatOf` names, and the same as f32. */
export function quantisedGguf(config: SeededConfig, seed: number, formatOf: (name: string) => string) {
  const source = random(seed)
  const header: Record<string, unknown> = {}
  const values: Float32Array[] = []
  let end = 0
  const tensors = seededTensors(config).map((tensor: SeededTensor) => {
    const { name, shape } = tensor
    const length = shape.reduce((product, size) => product * size, 1)
    const format = shape.length === 1 ? 'F32' : formatOf(name)
    const plain = new Float32Array(length)
    const data = format === 'F32' ? vector(plain, source) : blocks(format, plain, source)
    values.push(plain)
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + length * 4] }
    end += length * 4
    const isRotated = /\.[qk]_proj\./.test(name)
    const rows = isRotated ? interleave(data, shape[0], config.head_dim) : data
    return { name: ggufName(name), type: TYPES[format], shape, data: rows }
  })
  const weights = new Uint8Array(end)
  let offset = 0
  for (const part of values) {
    weights.set(new Uint8Array(part.buffer), offset)
    offset += part.byteLength
  }
  const text = (file: string) => {
    const made = seededFiles(config, seed, 'F32').get(file)?.().next().value
    return new TextDecoder().decode(made)
  }
  const plain: Files = {
    ...Object.fromEntries(['config.json', 'tokenizer.json', 'tokenizer_config.json'].map(file => [file, text(file)])),
    'model.safetensors': safetensorsFile(header, weights),
  }
  return { gguf: { 'model.gguf': writeGguf({ fields: seededFields(config), tensors }) }, plain }
}

type Source = ReturnType<typeof random>

/** Norms around 1. */
function vector(out: Float32Array, source: Source): Uint8Array {
  for (let i = 0; i < out.length; i++) out[i] = 1 + source.int(-64, 64) / 128
  return new Uint8Array(out.slice().buffer)
}

function blocks(format: string, out: Float32Array, source: Source): Uint8Array {
  const [blockLen, blockBytes, value] = REFERENCES[format]
  const data = new Uint8Array((out.length / blockLen) * blockBytes)
  for (let first = 0, at = 0; first < out.length; first += blockLen, at += blockBytes) {
    const block = plausibleBlock(format, source)
    data.set(block, at)
    for (let i = 0; i < blockLen; i++) out[first + i] = value(block, i)
  }
  return data
}
