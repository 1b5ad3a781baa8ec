/**
 * A seeded Llama that is the same model in every engine's format: weights are integers of 4 bits times a power of two for
 * every 32 columns, and each such group has a weight at the integers' low end, so that f32, f16, Q4_0, ONNX Runtime's
 * MatMulNBits and our own q8 and q4 all hold exactly these weights, and greedy tokens can be compared.
 */
import { FIRST_ID, NUM_HALVES, textOf, VOCAB_SIZE } from '../../src/bench/peers/vocabulary'
import { float16Bits } from '../../src/core/float16'
import { configFields, ggufName, interleave, tokenizerFields } from '../loader/gguf/seeded-gguf'
import { BOOL, type TensorInput, U32, writeGguf } from '../loader/gguf/write-gguf'
import { type Files, safetensorsFile } from '../loader/memory-source'
import { ENCODERS } from './ggml-encode'
import { onnxLlama } from './onnx-llama'
import { random } from './random'
import { BEGIN_ID, BYTE_CHARS, byteLevelTokenizer, byteLevelTokenizerConfig, END_ID } from './seeded-tokenizer'
import { type SeededConfig, seededTensors } from './seeded-weights'

export interface GridTensor {
  readonly name: string
  /** Outermost dimension first. */
  readonly shape: readonly number[]
  readonly values: Float32Array<ArrayBuffer>
}

const GROUP = 32

/** Every tensor with its weights, in the order of the file; the first rows of the embedding are zero. */
export function gridTensors(config: SeededConfig, seed: number, numSilent: number): GridTensor[] {
  const source = random(seed)
  return seededTensors(config).map(({ name, shape }) => {
    const [rows, columns] = shape
    if (shape.length === 1) {
      return { name, shape, values: Float32Array.from({ length: rows }, () => 1 + source.int(-32, 32) / 128) }
    }
    const isEmbedding = name.includes('embed_tokens')
    const values = new Float32Array(rows * columns)
    for (let first = isEmbedding ? numSilent * columns : 0; first < values.length; first += GROUP) {
      // with these a product keeps the size of its input
      const size = 2 ** -Math.round(Math.log2(columns) / 2 + (isEmbedding ? 1 : 2) + source.next())
      // codes reach one further down than up, and weights are not to have a mean
      const scale = source.next() < 0.5 ? size : -size
      for (let i = first; i < first + GROUP; i++) values[i] = source.int(-8, 8) * scale
      values[first + source.int(0, GROUP)] = -8 * scale
    }
    return { name, shape, values }
  })
}

/** The model for every engine: a Hugging Face folder, transformers.js' ONNX files in it, and GGUF. */
export function gridFiles(config: SeededConfig, seed: number): Files {
  const tensors = gridTensors(config, seed, FIRST_ID)
  const whole = { ...config, vocab_size: VOCAB_SIZE, bos_token_id: BEGIN_ID, eos_token_id: END_ID }
  return {
    'config.json': JSON.stringify(whole),
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify(byteLevelTokenizerConfig),
    'model.safetensors': safetensors(tensors),
    'model-f16.gguf': gguf(whole, tensors, 'F16'),
    'model-q4_0.gguf': gguf(whole, tensors, 'Q4_0'),
    'onnx/model.onnx': onnxLlama(whole, tensors, 'f32'),
    'onnx/model_q4.onnx': onnxLlama(whole, tensors, 'q4'),
  }
}

const tokenizer = byteLevelTokenizer(VOCAB_SIZE, characterMerges())

/** Bytes to the halves of characters, and these to characters, in the order of their ids. */
function characterMerges(): (readonly [string, string])[] {
  const ids = Array.from({ length: VOCAB_SIZE - FIRST_ID }, (_, index) => FIRST_ID + index)
  const merges = ids.map((id): readonly [string, string] => {
    const [first, second, third] = Array.from(new TextEncoder().encode(textOf([id])), byte => BYTE_CHARS[byte])
    return [first + second, third]
  })
  const halves = [...new Set(merges.map(([half]) => half))]
  if (halves.length !== NUM_HALVES) throw new Error(`the characters have ${halves.length} halves`)
  return [...halves.map((half): readonly [string, string] => [half[0], half[1]]), ...merges]
}

function safetensors(tensors: readonly GridTensor[]): Uint8Array<ArrayBuffer> {
  let end = 0
  const header: Record<string, unknown> = {}
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] }
    end += values.byteLength
  }
  const weights = new Uint8Array(end)
  for (let index = 0, offset = 0; index < tensors.length; offset += tensors[index++].values.byteLength) {
    weights.set(new Uint8Array(tensors[index].values.buffer), offset)
  }
  return safetensorsFile(header, weights)
}

const GGML_TYPES = { F32: 0, F16: 1, Q4_0: 2 } as const

function gguf(config: SeededConfig, tensors: readonly GridTensor[], format: 'F16' | 'Q4_0'): Uint8Array<ArrayBuffer> {
  const inputs = tensors.map(({ name, shape, values }): TensorInput => {
    const type = shape.length === 1 ? 'F32' : format
    const data = encode(values, type)
    const rows = /\.[qk]_proj\./.test(name) ? interleave(data, shape[0], config.head_dim) : data
    return { name: ggufName(name), type: GGML_TYPES[type], shape, data: rows }
  })
  const fields = [
    ...configFields(config),
    ...tokenizerFields(tokenizer, 'gpt-2'),
    ['tokenizer.ggml.bos_token_id', U32, BEGIN_ID] as const,
    ['tokenizer.ggml.eos_token_id', U32, END_ID] as const,
    ['tokenizer.ggml.add_bos_token', BOOL, false] as const,
  ]
  return writeGguf({ fields, tensors: inputs })
}

function encode(values: Float32Array<ArrayBuffer>, type: keyof typeof GGML_TYPES): Uint8Array {
  if (type === 'Q4_0') return ENCODERS.Q4_0(values)
  if (type === 'F32') return new Uint8Array(values.buffer)
  return new Uint8Array(Uint16Array.from(new Uint32Array(values.buffer), float16Bits).buffer)
}
