import { expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { headerLength, MAX_HEADER_BYTES, parseHeader } from '../../../src/loader/safetensors/header'

const FILE = 'model.safetensors'
const parse = (header: unknown) =>
  parseHeader(new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header)), FILE)

test('entries come in file order, whatever the order in the header', () => {
  const entries = parse({
    __metadata__: { format: 'pt' },
    'b.weight': { dtype: 'BF16', shape: [2, 3], data_offsets: [8, 20] },
    'a.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    scalar: { dtype: 'F16', shape: [], data_offsets: [20, 22] },
  })
  expect(entries).toEqual([
    { name: 'a.weight', dtype: 'F32', shape: [2], begin: 0, end: 8 },
    { name: 'b.weight', dtype: 'BF16', shape: [2, 3], begin: 8, end: 20 },
    { name: 'scalar', dtype: 'F16', shape: [], begin: 20, end: 22 },
  ])
})

test('a header may be padded with spaces', () => {
  expect(parse('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}     ')).toHaveLength(1)
})

test('a header length that no safetensors file has is refused with the number', () => {
  const prefix = (length: bigint) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, length, true)
    return bytes
  }
  expect(headerLength(prefix(100_000_000n), FILE)).toBe(MAX_HEADER_BYTES)
  for (const length of [0n, 1n, 100_000_001n, 2n ** 64n - 1n]) {
    expect(() => headerLength(prefix(length), FILE)).toThrow(
      `${FILE} says its header has ${length} bytes; it must have 2 to 100000000. Is it a safetensors file?`,
    )
  }
})

const tensor = (fields: object) => ({ w: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...fields } })

test.each([
  ['is not JSON', '{"w":', `${FILE}: the header is not valid JSON (5 characters). Download it again.`],
  ['is not an object', '[1,2]', `${FILE}: the header must hold a JSON object, but holds [1,2].`],
  ['has a tensor that is no object', { w: 3 }, `${FILE}: tensor w must be an object, but is 3.`],
  ['names a tensor twice', '{"w":{}, "w" :{}}', `${FILE}: tensor w appears twice in the header.`],
  ['names a tensor twice in two spellings', '{"w":{}, "\\u0077":{}}', `${FILE}: tensor w appears twice in the header.`],
  ['has a negative size', tensor({ shape: [-1] }), `${FILE}: tensor w has shape [-1], which is not a list of sizes.`],
  [
    'has a fractional size',
    tensor({ shape: [0.5] }),
    `${FILE}: tensor w has shape [0.5], which is not a list of sizes.`,
  ],
  ['has no shape', tensor({ shape: null }), `${FILE}: tensor w has shape null, which is not a list of sizes.`],
  ['has reversed offsets', tensor({ data_offsets: [16, 0] }), 'data_offsets [16,0], which are not [begin, end]'],
  ['has three offsets', tensor({ data_offsets: [0, 1, 2] }), 'data_offsets [0,1,2], which are not [begin, end]'],
  [
    'gives a tensor too few bytes',
    tensor({ data_offsets: [0, 15] }),
    `${FILE}: tensor w of shape [2,2] in F32 takes 16 bytes, but its data_offsets [0,15] hold 15.`,
  ],
  [
    'has an absurd shape',
    tensor({ shape: [2 ** 40, 2 ** 40] }),
    `${FILE}: tensor w of shape [1099511627776,1099511627776] in F32 takes 4.835703278458517e+24 bytes, but its data_offsets [0,16] hold 16.`,
  ],
  [
    'overlaps',
    { a: tensor({}).w, b: { dtype: 'F16', shape: [4], data_offsets: [12, 20] } },
    `${FILE}: tensor b begins at byte 12 and overlaps the tensor before it, which ends at 16.`,
  ],
  [
    'has a hole',
    { a: tensor({}).w, b: { dtype: 'F16', shape: [4], data_offsets: [18, 26] } },
    `${FILE}: tensor b begins at byte 18 and leaves a gap before it, which ends at 16.`,
  ],
  [
    'has a hole at the start',
    tensor({ data_offsets: [4, 20] }),
    `${FILE}: tensor w begins at byte 4 and leaves a gap before it, which ends at 0.`,
  ],
])('a header that %s is corrupt', (_, header, message) => {
  expect(() => parse(header)).toThrow(CorruptCheckpoint)
  expect(() => parse(header)).toThrow(message)
})

test('a header of absurd names or nesting is corrupt, not a stack overflow', () => {
  expect(() => parse(`{"${'\\\\n'.repeat(2e6)}":3}`)).toThrow(CorruptCheckpoint)
  const nested = `${'['.repeat(1e6)}${']'.repeat(1e6)}`
  expect(() => parse(`{"w":{"dtype":"F32","shape":${nested}}}`)).toThrow(
    'is nested more than 500 levels deep, the most that is read.',
  )
})

test('bytes that are not UTF-8 are corrupt', () => {
  expect(() => parseHeader(Uint8Array.of(0x7b, 0xff, 0x7d), FILE)).toThrow(
    `${FILE}: the header (3 bytes) is not valid UTF-8.`,
  )
})

test('a dtype that we cannot read is unsupported, with its tensor', () => {
  const header = tensor({ dtype: 'F8_E8M0', data_offsets: [0, 4] })
  expect(() => parse(header)).toThrow(UnsupportedModel)
  expect(() => parse(header)).toThrow(`${FILE}: tensor w has dtype "F8_E8M0"; supported are F32, F16, BF16.`)
  expect(() => parse(tensor({ dtype: 'toString' }))).toThrow(UnsupportedModel)
})
