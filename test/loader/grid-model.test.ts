import { Tokenizer } from '@huggingface/tokenizers'
import { expect, test } from 'vitest'
import { FIRST_ID, idsOf, textOf, VOCAB_SIZE } from '../../src/bench/peers/vocabulary'
import { float16Bits, float16Value } from '../../src/core/float16'
import { dequantize, quantize } from '../../src/core/quantize'
import { decodeRows } from '../../src/loader/weights/decode-rows'
import { ENCODERS } from '../support/ggml-encode'
import { gridFiles, gridTensors } from '../support/grid-model'

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  tie_word_embeddings: true,
  attention_bias: false,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: 64,
  mlp_bias: false,
}

const matrices = gridTensors(CONFIG, 1, 7).filter(({ shape }) => shape.length === 2)

test.each([4, 8] as const)('weights on the grid are the same in our own format of %i bits', bits => {
  for (const { values } of matrices) {
    expect(dequantize(quantize(values, { bits, group: 32, hasZeros: false }))).toEqual(values)
  }
})

test('weights on the grid are the same in Q4_0 and in f16', () => {
  for (const { name, shape, values } of matrices) {
    const [numRows, cols] = shape
    const raw = { file: 'model.gguf', name, firstRow: 0, numRows, cols, encoding: { type: 'Q4_0' } } as const
    const decoded = decodeRows({ ...raw, bytes: ENCODERS.Q4_0(values) }, false) as Float32Array
    // minus zero is a zero
    expect(decoded.map(value => value + 0)).toEqual(values.map(value => value + 0))
    const halves = Uint16Array.from(new Uint32Array(values.buffer), float16Bits)
    expect(Float32Array.from(halves, float16Value)).toEqual(values)
  }
})

test('the tokens that nobody is to draw have rows of zeros, the others have not', () => {
  const [{ shape, values }] = matrices
  const isZero = Array.from({ length: shape[0] }, (_, row) =>
    values.subarray(row * shape[1], (row + 1) * shape[1]).every(value => value === 0),
  )
  expect(isZero).toEqual(isZero.map((_, row) => row < 7))
})

test('text and tokens of the compared model are the same thing', () => {
  const { 'tokenizer.json': json, 'tokenizer_config.json': config } = gridFiles(
    { ...CONFIG, vocab_size: VOCAB_SIZE },
    1,
  )
  const tokenizer = new Tokenizer(JSON.parse(json as string), JSON.parse(config as string))
  const ids = Array.from({ length: VOCAB_SIZE - FIRST_ID }, (_, index) => FIRST_ID + index)
  expect(tokenizer.encode(textOf(ids), { add_special_tokens: false }).ids).toEqual(ids)
  expect(tokenizer.decode(ids)).toEqual(textOf(ids))
  expect(idsOf(textOf(ids))).toEqual(ids)
})
