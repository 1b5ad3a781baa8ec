import { describe, expect, it } from 'vitest'
import { hashOf, isBlank, MAX_LINE_BYTES, readLines, textOfLine } from '../../src/api/lines'
import { InvalidRequest } from '../../src/index'
import { random } from '../support/random'

async function* inPieces(bytes: Uint8Array, size: () => number): AsyncGenerator<Uint8Array> {
  for (let begin = 0; begin < bytes.length; ) {
    const end = begin + size()
    yield bytes.subarray(begin, end)
    begin = end
  }
}

async function linesOf(text: string | Uint8Array, size = () => 3, maxBytes?: number): Promise<string[]> {
  const lines: string[] = []
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for await (const line of readLines(inPieces(bytes, size), maxBytes)) lines.push(Buffer.from(line).toString())
  return lines
}

it.each([
  ['', []],
  ['a', ['a']],
  ['a\n', ['a']],
  ['\n\na\n\n', ['', '', 'a', '']],
  ['one\r\ntwo\n', ['one\r', 'two']],
])('the lines of %j are %j', async (text, lines) => {
  expect(await linesOf(text)).toEqual(lines)
})

it('lines do not depend on where a file is cut into pieces', async () => {
  const seed = Date.now() % 1e6
  const { int } = random(seed)
  for (let round = 0; round < 50; round++) {
    const text = Array.from({ length: int(0, 40) }, () => ['a', 'é', '木', '🌱', '\n', '\r'][int(0, 6)]).join('')
    const expected = text.split('\n')
    if (expected.at(-1) === '') expected.pop()
    expect(await linesOf(text, () => int(1, 9)), `seed ${seed}`).toEqual(expected)
  }
})

it('of a line that is too long only so much is kept as shows that it is', async () => {
  expect(await linesOf('12345678\n123456\n12345\n', () => 4, 5)).toEqual(['123456', '123456', '12345'])
  const error = catchError(() => textOfLine(new Uint8Array(MAX_LINE_BYTES + 1)))
  expect(error.message).toMatch(/^the line has more than 33554432 bytes/)
})

it('a million empty lines are read in no time', async () => {
  let blank = 0
  for await (const line of readLines(inPieces(new Uint8Array(1e6).fill(10), () => 65536)))
    blank += Number(isBlank(line))
  expect(blank).toBe(1e6)
})

describe('a line', () => {
  it.each(['', ' \t\r', '\ufeff', '\ufeff\ufeff \r'])('of %j is blank, as a text and as bytes', text => {
    expect(isBlank(text)).toBe(true)
    expect(isBlank(Buffer.from(text))).toBe(true)
  })

  it.each(['{', ' {}', '\ufeff{'])('of %j is not', text => {
    expect(isBlank(text)).toBe(false)
    expect(isBlank(Buffer.from(text))).toBe(false)
  })

  it('loses its byte order marks, however many', () => {
    expect(textOfLine('\ufeff\ufeff{"a": "\ufeff"}')).toBe('{"a": "\ufeff"}')
    expect(textOfLine(Buffer.from('\ufeff\ufeff{}'))).toBe('{}')
  })

  // U+FFFD once stood in the prompt instead, and was answered
  it.each([
    ['of Latin-1', Buffer.from('{"prompt": "\ufffd café"}'.replace('\ufffd', 'x'), 'latin1'), 'byte 18 is 0xE9'],
    ['after a real U+FFFD', Buffer.concat([Buffer.from('\ufffd'), Buffer.of(0xe9, 0x41)]), 'byte 4 is 0xE9'],
    ['cut within a character', Buffer.of(0x41, 0xef, 0xbf), 'byte 2 is 0xEF'],
    ['cut within a character, another', Buffer.of(0xf0, 0x9f, 0x41), 'byte 1 is 0xF0'],
    ['of UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'it begins as UTF-16'],
  ])('%s is refused, with the place', (_, bytes, reason) => {
    const error = catchError(() => textOfLine(bytes))
    expect(error).toBeInstanceOf(InvalidRequest)
    expect(error.message).toContain(`this is not UTF-8: ${reason}`)
  })

  it('has the same hash as a text and as bytes, and another if anything changes', () => {
    expect(hashOf('{"é": 1}')).toBe(hashOf(Buffer.from('{"é": 1}')))
    expect(hashOf('{"é": 1}')).not.toBe(hashOf('{"é": 2}'))
  })
})

function catchError(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
