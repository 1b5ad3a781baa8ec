import { expect, test } from 'vitest'
import { readNormalizer } from '../../src/tokenizer/normalizer'
import { readPreTokenizer } from '../../src/tokenizer/pre-tokenizer'

// Expected: what the Rust library (package `tokenizers` 0.23) gives.
test.each<[object, string, string]>([
  [{ type: 'Strip', strip_left: true, strip_right: true }, '\ufeff\u0085 a\u0085\ufeff', '\ufeff\u0085 a\u0085\ufeff'],
  [{ type: 'Strip', strip_left: true, strip_right: true }, '\u0085 a\u3000\u0085', 'a'],
  [{ type: 'Lowercase' }, '\u0391\u03a3 \u0130', '\u03b1\u03c3 i\u0307'],
  [{ type: 'Replace', pattern: { Regex: 'a' }, content: '$&' }, 'ba', 'b$&'],
  [{ type: 'Replace', pattern: { String: '' }, content: 'x' }, 'ab', 'xaxbx'],
  [{ type: 'Replace', pattern: { Regex: 'x*' }, content: '-' }, 'axxb', '-a-b-'],
  [{ type: 'StripAccents' }, 'e\u0301\u093f\u00e9', 'e\u00e9'],
  [{ type: 'Prepend', prepend: 'x' }, '', ''],
  [
    { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    'H\u00e9llo\u200d\u00ad \u4e2d\u{20000}x\u0007\ty\u0085z \u0391\u03a3',
    'hello  \u4e2d  \u{20000} x yz \u03b1\u03c3',
  ],
])('%j normalizes as the Rust library does', (step, text, expected) => {
  expect(readNormalizer(step)(text)).toBe(expected)
})

const split = (Regex: string, behavior: string, invert = false) => ({
  type: 'Split',
  pattern: { Regex },
  behavior,
  invert,
})

test.each<[object, string, string[]]>([
  [{ type: 'FixedLength', length: 2 }, 'a\u{1f331}b\u{1f331}c', ['a\u{1f331}', 'b\u{1f331}', 'c']],
  [{ type: 'WhitespaceSplit' }, 'a\u0085b\ufeffc\u3000d', ['a', 'b\ufeffc', 'd']],
  [{ type: 'Whitespace' }, 'a\u00b2b c\u0301d!?\ufeffx', ['a', '\u00b2', 'b', 'c\u0301d', '!?\ufeff', 'x']],
  [
    { type: 'Digits', individual_digits: true },
    '1a\u00b2\u00bd\u2167\u0663',
    ['1', 'a', '\u00b2', '\u00bd', '\u2167', '\u0663'],
  ],
  [{ type: 'Punctuation' }, 'a$b!\u00bf', ['a', '$', 'b', '!', '\u00bf']],
  [{ type: 'CharDelimiterSplit', delimiter: '-' }, 'a-b--c', ['a', 'b', 'c']],
  [{ type: 'BertPreTokenizer' }, 'a$b  c\u3000d\uff01e', ['a', '$', 'b', 'c', 'd', '\uff01', 'e']],
  [split('x*', 'Isolated'), 'aab', ['a', 'a', 'b']],
  [split('x*', 'MergedWithPrevious'), 'axxb', ['axx', 'b']],
  [split('x*', 'MergedWithNext'), 'axxb', ['a', 'xxb']],
  [split('x', 'Contiguous'), 'xxaxbx', ['xx', 'a', 'x', 'b', 'x']],
  [split('x', 'MergedWithPrevious', true), 'xxaxbx', ['x', 'xa', 'xb', 'x']],
  [split('\\s++$', 'Isolated'), 'a\n\nb', ['a\n\nb']],
])('%j splits as the Rust library does', (step, text, expected) => {
  expect(readPreTokenizer(step)(text, true)).toEqual(expected)
})
