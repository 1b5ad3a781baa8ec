import { expect, it } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import { recogniser } from './recognise'

it.each<[string, readonly string[], readonly string[]]>([
  ['root ::= "a\\\\x41" | "\\x41\\n" | "\\u00e4" | "\\U0001F600"', ['a\\x41', 'A\n', 'ä', '😀'], ['aA', 'a\\A']],
  ['root ::= [a-c\\U0001F600-\\U0001F602]+', ['ab😁', '😂'], ['d', '']],
  ['root ::= [\\\\U0001F600]+', ['\\', 'U', '1F0'], ['😀']],
  ['root ::= "a"{2} "b"{1,} "c"{0,2}', ['aab', 'aabbcc'], ['ab', 'aa', 'aabccc']],
  ['start: "a\\\\x41" | "\\x41\\n" | "\\u00e4"', ['a\\x41', 'A\n', 'ä'], ['aA', 'a\\A']],
  ['start: "a".."c" "x"~1..2 ["!"]', ['ax', 'cxx!'], ['dx', 'axxx']],
  ['start: /a{2}|b[{}]/', ['aa', 'b{'], ['a', 'b']],
  [
    'start: "<" a ("," b)? ">"\na: %json {"type": "object", "properties": {"}": {"const": "{"}}, "additionalProperties": false}\nb: %json {"type": "integer"}',
    ['<{}>', '<{"}": "{"},-5>', '<{ "}":"{" }>'],
    ['<{"a":1}>', '<{},"x">', '{}'],
  ],
])('%s admits %j and not %j', (grammar, good, bad) => {
  const admits = recogniser({ grammar })
  expect(good.filter(text => !admits(text))).toEqual([])
  expect(bad.filter(admits)).toEqual([])
})

it.each<[string, RegExp]>([
  ['root ::= "a"{3,2}', /line 1 .* 3 to 2 times/],
  ['start: "a"~3..2', /line 1 .* 3 to 2 times/],
  ['root ::= "\\U00110000"', /known escapes, not \\U00110000/],
  ['root ::= [\\U00110000]', /\\u\{110000\}/],
  ['start: "\\x4"', /known escapes, not \\x/],
  ['start: /a{,3}/', /\{ after nothing to repeat/],
  ['start: /a{2}{3}/', /\{ after nothing to repeat/],
  ['start: %json {"type": "object"', /a JSON Schema/],
  ['start: %json ["a"]', /a JSON Schema/],
  ['start: /a}/', /an unmatched }/],
])('%s is refused', (grammar, message) => {
  expect(() => recogniser({ grammar })).toThrow(
    expect.objectContaining({ constructor: InvalidRequest, message: expect.stringMatching(message) }),
  )
})
