import type { Vocabulary } from '../../src/grammar/mask/vocabulary'
import { random } from '../support/random'

const ENGLISH = 'etaoinshrdlucmfwypvbgkjqxz'
const PIECES = [
  '":"',
  '","',
  '{"',
  '"}',
  '":',
  '",',
  '"]',
  '["',
  '}',
  '{',
  '[',
  ']',
  '},{"',
  ':',
  ',',
  '":{"',
  '":["',
  '":null',
  'true',
  'false',
  'null',
  '\\n',
  '\\"',
  '\\u00',
]

/** A vocabulary as byte-level BPE makes them: all bytes, digits, words with and without a space, punctuation, letters of several scripts. */
export function seededVocabulary(size: number, seed = 1): Vocabulary {
  const rng = random(seed)
  const texts = new Set<string>(PIECES)
  const letter = () => ENGLISH[Math.floor(rng.next() ** 2 * 26)]
  const word = () => Array.from({ length: 1 + Math.floor(rng.next() * rng.next() * 12) }, letter).join('')
  for (let number = 0; number < 1000; number++) texts.add(String(number))
  for (let length = 1; length <= 64; length++) texts.add(' '.repeat(length)).add('\n'.repeat(length))
  while (texts.size < size - 256 - 2) {
    const kind = rng.next()
    if (kind < 0.45) texts.add(` ${word()}`)
    else if (kind < 0.7) texts.add(word())
    else if (kind < 0.78) texts.add(` ${word()}`.replace(/[a-z]/, each => each.toUpperCase()))
    else if (kind < 0.83) texts.add(word() + ['"', '",', '":', '."', ',', '.', '\\', '("', '_'][rng.int(0, 9)])
    else if (kind < 0.86) texts.add(['"', '\\"', ' "', '{"', ',"', '."'][rng.int(0, 6)] + word())
    else {
      const base = [0x400, 0x4e00, 0x3040, 0x600, 0xe0, 0xac00][rng.int(0, 6)]
      const char = () => String.fromCodePoint(base + rng.int(0, base > 0x4000 ? 3000 : 90))
      texts.add(Array.from({ length: rng.int(1, 4) }, char).join(''))
    }
  }
  const encoder = new TextEncoder()
  const bytes = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...[...texts].map(text => encoder.encode(text)),
  ]
  // as end of sequence and the like: they add no text
  return { size, bytes: [...bytes, undefined, undefined] }
}
