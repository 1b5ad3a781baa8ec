import { expect, test } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import { Detokenizer } from '../../src/tokenizer/detokenizer'
import { StopStrings } from '../../src/tokenizer/stop-strings'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { random } from '../support/random'
import { CORPUS } from './corpus'
import { kinds } from './kinds'

/** What is emitted of `pieces`, and whether a stop string ended it. */
function run(stops: readonly string[], pieces: readonly string[]): [string, boolean] {
  const matcher = new StopStrings(stops)
  let text = ''
  for (const piece of pieces) {
    const { emit, stopped } = matcher.push(piece)
    text += emit
    if (stopped) return [text, true]
  }
  return [text + matcher.flush(), false]
}

/** The definition: read character by character until the text ends with a stop string, and cut the longest one off. */
function naive(stops: readonly string[], text: string): [string, boolean] {
  for (let end = 1; end <= text.length; end++) {
    const lengths = stops.filter(stop => text.slice(0, end).endsWith(stop)).map(stop => stop.length)
    if (lengths.length > 0) return [text.slice(0, end - Math.max(...lengths)), true]
  }
  return [text, false]
}

test('a text ends at the same place whatever its pieces', () => {
  const seed = Date.now() % 1e6
  const { int } = random(seed)
  const word = (maxLen: number) => Array.from({ length: int(1, maxLen) }, () => 'abc'[int(0, 3)]).join('')
  let numStopped = 0
  for (let round = 0; round < 20_000; round++) {
    const stops = Array.from({ length: int(0, 4) }, () => word(6))
    const pieces = Array.from({ length: int(0, 8) }, () => (int(0, 5) === 0 ? '' : word(5)))
    const expected = naive(stops, pieces.join(''))
    expect(run(stops, pieces), `seed ${seed}, stops ${stops}, pieces ${pieces}`).toEqual(expected)
    if (expected[1]) numStopped++
  }
  expect(numStopped, `seed ${seed}`).toBeGreaterThan(2000)
})

test.each(kinds)('$name: generated text ends at the same place token by token', ({ json }) => {
  const tokenizer = new Tokenizer(json)
  const seed = Date.now() % 1e6
  const { int } = random(seed)
  for (const text of CORPUS) {
    const ids = tokenizer.encode(text, { addSpecialTokens: false })
    const whole = tokenizer.decode(ids)
    const chars = [...whole]
    for (let round = 0; round < 2; round++) {
      // parts of the text, of other lengths and the beginnings of each other; and one that does not come
      const begin = int(0, chars.length + 1)
      const stops = [1, int(1, 5), int(1, 20)].map(length => chars.slice(begin, begin + length).join(''))
      const some = [...stops, `${stops[2]}\u{10fffe}`].filter(stop => stop !== '' && int(0, 3) > 0)
      const detokenizer = new Detokenizer(tokenizer)
      const pieces = [...ids.map(id => detokenizer.push(id)), detokenizer.flush()]
      expect(run(some, pieces), `seed ${seed}, stops ${JSON.stringify(some)}`).toEqual(naive(some, whole))
    }
  }
})

test('text is held back only while it could begin a stop string', () => {
  const matcher = new StopStrings(['\n\n', 'User:'])
  expect(matcher.push('Hello U')).toEqual({ emit: 'Hello ', stopped: false })
  expect(matcher.push('sed')).toEqual({ emit: 'Used', stopped: false })
  expect(matcher.push('\n')).toEqual({ emit: '', stopped: false })
  expect(matcher.push('Us')).toEqual({ emit: '\n', stopped: false })
  expect(matcher.push('er: and more')).toEqual({ emit: '', stopped: true })
})

test('what was held back comes out at the end', () => {
  expect(run(['stop'], ['ab', 'sto'])).toEqual(['absto', false])
})

test('without stop strings everything passes at once', () => {
  expect(new StopStrings([]).push('x')).toEqual({ emit: 'x', stopped: false })
})

test('an empty stop string is refused', () => {
  expect(() => new StopStrings(['a', ''])).toThrow(InvalidRequest)
})
