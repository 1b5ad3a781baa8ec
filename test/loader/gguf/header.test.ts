import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { parseHeader, readHeader } from '../../../src/loader/gguf/header'
import { memorySource } from '../memory-source'
import { TINY, withFields } from './tiny-gguf'
import { BOOL, F32, type Field, LIST, TEXT, U32, U64, writeGguf } from './write-gguf'

const FILE = writeGguf(TINY)
const { dataBegin } = parseHeader(FILE, 'a.gguf')

const parse = (bytes: Uint8Array<ArrayBuffer>) => parseHeader(bytes, 'a.gguf')

/** The file with a little-endian u64 at byte `at`. */
function patched(at: number, value: bigint): Uint8Array<ArrayBuffer> {
  const bytes = FILE.slice()
  new DataView(bytes.buffer).setBigUint64(at, value, true)
  return bytes
}

/** Where `text` begins in the file. */
function find(text: string): number {
  return Buffer.from(FILE).indexOf(text)
}

test('every type of value is read as it was written', () => {
  const fields: Field[] = [
    ['u8', 0, 200],
    ['i8', 1, -3],
    ['u16', 2, 60_000],
    ['i16', 3, -30_000],
    ['u32', U32, 4_000_000_000],
    ['i32', 5, -2_000_000_000],
    ['f32', F32, 0.5],
    ['bool', BOOL, true],
    ['text', TEXT, '木 🌱\u0000'],
    ['u64', U64, 2 ** 53 - 1],
    ['i64', 11, -5],
    ['f64', 12, 0.1],
    ['texts', LIST, ['a', '', 'b'], TEXT],
    ['floats', LIST, [1, 2.5], F32],
    ['longs', LIST, [1, 2 ** 40], U64],
    ['nothing', LIST, [], U32],
  ]
  const { values } = parse(writeGguf({ fields, tensors: [] })).metadata
  const plain = [...values].map(([key, value]) => [key, ArrayBuffer.isView(value) ? [...value] : value])
  expect(plain).toEqual(fields.map(([key, , value]) => [key, value]))
})

test.each([2, 3])('version %i has tensors in file order, outermost dimension first, each aligned', version => {
  for (const alignment of [8, 32, 4096]) {
    const input = withFields({ ...TINY, version, alignment }, [['general.alignment', U32, alignment]])
    const header = parse(writeGguf(input))
    expect(header.tensors.map(({ name, shape }) => ({ name, shape }))).toEqual(
      TINY.tensors.map(({ name, shape }) => ({ name, shape })),
    )
    expect(header.tensors.every(({ begin }) => begin % alignment === 0)).toBe(true)
    expect(header.dataBegin % alignment).toBe(0)
  }
})

test('a header of any length is read in pieces of any length', async () => {
  const input = withFields(TINY, [['general.description', TEXT, '木'.repeat(400_000)]])
  const header = await readHeader(memorySource({ 'a.gguf': writeGguf(input) }, 99_999), 'a.gguf')
  expect(header).toEqual(parse(writeGguf(input)))
})

test('a header cut off anywhere is corrupt, and says where', async () => {
  for (let length = 0; length < dataBegin - 32; length += 7) {
    const cut = FILE.slice(0, length)
    expect(() => parse(cut)).toThrow(CorruptCheckpoint)
    expect(() => parse(cut)).toThrow(`a.gguf is truncated: it ends at byte ${length}, in the header`)
  }
  await expect(readHeader(memorySource({ 'a.gguf': FILE.slice(0, 50) }), 'a.gguf')).rejects.toThrow('ends at byte 50')
})

describe('a hostile header is refused with the value and the limit', () => {
  test.each<[string, number, bigint, string]>([
    [
      'as many tensors as a u64 holds',
      8,
      2n ** 64n - 1n,
      'there are 18446744073709551615 tensors at byte 8, but may be 67108864 at most',
    ],
    ['more fields than bytes', 16, 2n ** 27n, 'there are 134217728 fields at byte 16, but may be 67108864 at most'],
    [
      'a longer key than the format has',
      24,
      2n ** 40n,
      'there are 1099511627776 bytes of text at byte 24, but may be 65535 at most',
    ],
    ['a longer list', find('tokenizer.ggml.scores') + 21 + 8, 2n ** 62n, 'values of "tokenizer.ggml.scores" at byte'],
    ['a negative length', find('token_embd.weight') - 8, 2n ** 64n - 1n, '18446744073709551615 bytes of text'],
    ['rows of no elements', find('token_embd.weight') + 17 + 4, 0n, 'has shape [8,0], not rows of F32 blocks of 1'],
    ['rows longer than any file', find('token_embd.weight') + 17 + 4, 2n ** 62n, 'more than a file can have'],
    ['rows of part of a block', find('blk.0.ffn_down.weight') + 21 + 4, 33n, 'not rows of Q8_0 blocks of 32'],
    [
      'overlapping tensors',
      find('blk.0.attn_q.weight') + 19 + 24,
      0n,
      'begins at byte 0 of the weights, but its place is 576',
    ],
    ['unaligned tensors', find('blk.0.attn_q.weight') + 19 + 24, 577n, 'begins at byte 577 of the weights'],
  ])('%s', (_, at, value, message) => {
    expect(() => parse(patched(at, value))).toThrow(CorruptCheckpoint)
    expect(() => parse(patched(at, value))).toThrow(message)
  })

  test.each<[string, Field, string]>([
    ['a bool that is neither', ['a.b', BOOL, 2], 'the field "a.b" must be true (1) or false (0), but is 2'],
    [
      'an alignment that is no power of two',
      ['general.alignment', U32, 24],
      'general.alignment is 24, but must be a power',
    ],
    ['an alignment above all pages', ['general.alignment', U32, 2 ** 17], 'but must be a whole number from 0 to 65536'],
    ['a field that comes twice', ['general.architecture', TEXT, 'llama'], '"general.architecture" comes twice'],
  ])('%s', (_, field, message) => {
    const input = { ...TINY, fields: [...TINY.fields, field] }
    expect(() => parse(writeGguf(input))).toThrow(CorruptCheckpoint)
    expect(() => parse(writeGguf(input))).toThrow(message)
  })

  test('tensors that come twice, or have too many dimensions', () => {
    const [first] = TINY.tensors
    expect(() => parse(writeGguf({ ...TINY, tensors: [first, first] }))).toThrow(
      'tensor "token_embd.weight" comes twice',
    )
    const deep = { ...first, shape: [1, 1, 1, 8, 16] }
    expect(() => parse(writeGguf({ ...TINY, tensors: [deep] }))).toThrow('has 5 dimensions, but must have 1 to 4')
  })

  test('lists of lists, and text that is not UTF-8', () => {
    const types = FILE.slice()
    types[find('tokenizer.ggml.scores') + 21 + 4] = LIST
    expect(() => parse(types)).toThrow('the field "tokenizer.ggml.scores" has values of type 9, which is unknown')
    const text = FILE.slice()
    text[find('</s>')] = 0xff
    expect(() => parse(text)).toThrow(`the text of 4 bytes at byte ${find('</s>')} is not valid UTF-8`)
  })
})

describe('what we cannot read is unsupported, by its name', () => {
  test('other versions, and the other byte order', () => {
    expect(() => parse(writeGguf({ ...TINY, version: 1 }))).toThrow(UnsupportedModel)
    expect(() => parse(writeGguf({ ...TINY, version: 4 }))).toThrow('has version 4 of the format')
    expect(() => parse(writeGguf({ ...TINY, version: 3 << 24 }))).toThrow('a.gguf is big-endian')
  })

  test('other formats of tensors', () => {
    const [first] = TINY.tensors
    for (const [type, name] of [
      [16, 'IQ2_XXS'],
      [21, 'IQ3_S'],
      [4, 'Q4_2'],
      [27, 'I64'],
      [31, 'Q4_0_4_4'],
      [40, 'NVFP4'],
      [41, 'Q1_0'],
      [77, '77 (unknown)'],
    ] as const) {
      const file = writeGguf({ ...TINY, tensors: [{ ...first, type }] })
      expect(() => parse(file)).toThrow(UnsupportedModel)
      expect(() => parse(file)).toThrow(`tensor "token_embd.weight" has the type ${name}; supported are F32, F16, Q4_0`)
    }
  })

  test('another file', () => {
    expect(() => parse(Uint8Array.from(Buffer.from('{"a": 1} and more')))).toThrow('not "GGUF". Is it a GGUF file?')
  })
})

test('an adapter is told to be one, before its tensors', () => {
  const fields = [...TINY.fields, ['general.type', TEXT, 'adapter'] as const]
  expect(() => parseHeader(writeGguf({ ...TINY, fields }), 'lora.gguf')).toThrow(
    'lora.gguf is an adapter of "llama" and no model. Adapters do not load yet',
  )
})
