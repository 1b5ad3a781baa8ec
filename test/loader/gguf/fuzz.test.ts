import { expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { dequantize } from '../../../src/core/quantize'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { ggufConfig } from '../../../src/loader/gguf/config'
import { FORMATS } from '../../../src/loader/gguf/formats'
import { type GgufHeader, parseHeader } from '../../../src/loader/gguf/header'
import { ggufTokenizer } from '../../../src/loader/gguf/tokenizer'
import { openCheckpoint, readModelFiles } from '../../../src/loader/model-files'
import type { ModelSource } from '../../../src/loader/sources/source'
import { decodeRows } from '../../../src/loader/weights/decode-rows'
import { streamRows } from '../../../src/loader/weights/stream-rows'
import { Tokenizer } from '../../../src/tokenizer/tokenizer'
import { forEachSeed, pick } from '../../support/for-each-seed'
import { type Random, random } from '../../support/random'
import { memorySource } from '../memory-source'
import { TINY, TINY_SHAPES } from './tiny-gguf'
import { writeGguf } from './write-gguf'

const FACTORS = new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer)
const FILE = writeGguf({
  ...TINY,
  tensors: [...TINY.tensors, { name: 'rope_freqs.weight', type: 0, shape: [4], data: FACTORS }],
})
const HEADER_BYTES = parseHeader(FILE, 'tiny.gguf').dataBegin

/** Numbers at the edges of what the format's fields can hold. */
const HOSTILE = [0n, 1n, 9n, 2n ** 16n, 2n ** 26n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]

/** Some of: cut off, flipped bits, a hostile number, bytes from elsewhere; most of it in the header. */
function mutate(random: Random): Uint8Array<ArrayBuffer> {
  const bytes = FILE.slice(0, random.next() < 0.2 ? random.int(0, FILE.length) : FILE.length)
  const end = Math.min(bytes.length, HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  for (let count = random.int(0, 4); count > 0 && end >= 8; count--) {
    const at = random.int(0, end - 7)
    const kind = random.int(0, 3)
    if (kind === 0) bytes[at] ^= 1 << random.int(0, 8)
    else if (kind === 1) view.setBigUint64(at, pick(random, HOSTILE), true)
    else bytes.copyWithin(at, random.int(0, end), random.int(0, end))
  }
  return bytes
}

/** Runs `body`; a typed error is its result, any other breaks the test. */
function typed<T>(body: () => T): T | CorruptCheckpoint | UnsupportedModel {
  try {
    return body()
  } catch (error) {
    if (error instanceof CorruptCheckpoint || error instanceof UnsupportedModel) return error
    throw error
  }
}

async function openModel(source: ModelSource) {
  const files = await readModelFiles(source)
  return openCheckpoint(source, files, parseModelConfig(files.config))
}

/** What a header must keep for its tensors to be read. */
function checkHeader({ tensors, dataBegin, alignment }: GgufHeader): void {
  let end = 0
  for (const tensor of tensors) {
    const numElements = tensor.shape.reduce((product, size) => product * size, 1)
    const numBytes = (numElements / tensor.format.blockLen) * tensor.format.blockBytes
    const isInPlace = tensor.begin >= end && tensor.begin % alignment === 0 && tensor.end === tensor.begin + numBytes
    if (!isInPlace) throw new Error(`tensor ${tensor.name} lies at ${tensor.begin} to ${tensor.end}`)
    end = tensor.end
  }
  if (dataBegin % alignment !== 0) throw new Error(`the weights begin at ${dataBegin}`)
}

test('any 100000 mutated headers are a typed error or a valid description', () => {
  const outcomes = { valid: 0, model: 0 }
  forEachSeed(100_000, random => {
    const header = typed(() => parseHeader(mutate(random), 'tiny.gguf'))
    if (header instanceof Error) return
    outcomes.valid++
    checkHeader(header)
    const { metadata } = header
    const tensors = new Map(header.tensors.map(tensor => [tensor.name, tensor]))
    const config = typed(() => parseModelConfig(ggufConfig({ metadata, files: [header], tensors }, {})))
    const tokenizer = typed(() => {
      const files = ggufTokenizer(metadata)
      return new Tokenizer(files.tokenizer, files.tokenizerConfig)
    })
    if (config instanceof Error || tokenizer instanceof Error) return
    outcomes.model++
    tokenizer.encode('ab a\n')
  })
  // the mutations must leave some of both, or the checks behind the parser were never reached
  expect(outcomes.valid).toBeGreaterThan(1000)
  expect(outcomes.model).toBeGreaterThan(1000)
})

test('any 3000 mutated files load or fail with a typed error', async () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const source = { ...memorySource({ 'tiny.gguf': mutate(random(seed)) }, 4096), gguf: 'tiny.gguf' }
    try {
      const checkpoint = await openModel(source)
      for await (const raw of streamRows(source, checkpoint, TINY_SHAPES)) {
        for (const wantsIntegers of [false, true]) decodeRows(raw, wantsIntegers)
      }
    } catch (error) {
      const isTyped = error instanceof CorruptCheckpoint || error instanceof UnsupportedModel
      if (!isTyped) throw new Error(`seed ${seed}: ${error}`, { cause: error })
    }
  }
})

/** Cases of each format: some here, 10,000 where one asks for them (docs/tests.md). */
const CASES = Number(process.env.MUTATED ?? 300)

const BLOCKS = [...FORMATS.values()].filter(({ blockLen }) => blockLen > 1)

test.each(BLOCKS.map(format => [format.name, format] as const))(
  `any ${CASES} rows of random bytes as %s are numbers, or a typed error`,
  (type, { blockLen, blockBytes, integers }) => {
    const numBlocks = Math.ceil(256 / blockLen)
    const shape = { numRows: 2, cols: numBlocks * blockLen }
    let numValid = 0
    forEachSeed(CASES, random => {
      const bytes = Uint8Array.from({ length: 2 * numBlocks * blockBytes }, () => random.int(0, 256))
      for (const wantsIntegers of [false, true]) {
        const raw = { file: 'f', name: 'w', firstRow: 0, ...shape, encoding: { type }, bytes }
        const rows = typed(() => decodeRows(raw, wantsIntegers))
        if (rows instanceof Error) continue
        numValid++
        const values = rows instanceof Float32Array ? rows : dequantize(rows)
        expect(values.length).toBe(2 * shape.cols)
        const wrong = values.findIndex(value => !Number.isFinite(value))
        if (wrong >= 0)
          throw new Error(`${type} gives ${values[wrong]} at ${wrong}, as ${integers ? 'integers' : 'floats'}`)
      }
    })
    expect(numValid).toBeGreaterThan(0)
  },
)
