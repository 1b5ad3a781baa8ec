import { expect, test } from 'vitest'
import { cutsAtSpaces } from '../../src/tokenizer/regex-cuts'

test.each([
  [String.raw`'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`],
  [String.raw`(?i:'s|'t|'ll)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`],
  [String.raw`[^\r\n]?[\p{Lu}\p{M}]*\p{Ll}+(?i:'s|'d)?| `],
  [String.raw`\s+`],
])('%s begins a match with every space after ink', expression => {
  expect(cutsAtSpaces(expression)).toEqual({ keepsApart: true, begins: true })
})

test.each([[String.raw`\p{N}`], [String.raw`\p{N}{1,3}`], [String.raw`\w+|[^\w\s]+`], [String.raw` ?\p{L}+`]])(
  '%s joins no space to ink before it, but need not begin a match there',
  expression => {
    expect(cutsAtSpaces(expression)).toEqual({ keepsApart: true, begins: false })
  },
)

test.each([
  ['ink, then a space', String.raw`\p{L}+ |\s+`],
  ['ink, then optional space', String.raw`\p{L}+\s?|\s+`],
  ['both in one class', String.raw`[\p{L} ]+|\s+`],
  ['not this, so anything', String.raw`[^a]+|\s+`],
  ['both in turn', String.raw`(?: \p{L}){2}|\s+`],
  ['within a group', String.raw`(?:a|b c)|\s+`],
  ['an empty match', String.raw`\p{L}*|\s+`],
  ['looking ahead from ink', String.raw`\p{L}+(?!\S)|\s+`],
  ['looking ahead otherwise', String.raw`\s+(?=\p{L})|\s+`],
  ['looking behind', String.raw`(?<=\p{L})\s+|\s+`],
  ['the end of the text', String.raw`\p{L}+$|\s+`],
  ['the beginning of the text', String.raw`^\p{L}+|\s+`],
  ['a boundary', String.raw`\b\p{L}+|\s+`],
  ['any character', String.raw`.+|\s+`],
  ['lazy', String.raw`\p{L}+?|\s+`],
  ['possessive', String.raw`\p{L}++|\s+`],
  ['atomic', String.raw`(?>\p{L}+)|\s+`],
  ['captured', String.raw`(\p{L}+)|\s+`],
  ['a class in a class', String.raw`[[:alpha:]]+|\s+`],
  ['an intersection of classes', String.raw`[\p{L}&&[a-z]]+|\s+`],
  ['an unknown property', String.raw`\p{Nonsense}+|\s+`],
  ['a group without an end', String.raw`(?:a|\s+`],
])('nothing is said of an expression with %s', (_, expression) => {
  expect(cutsAtSpaces(expression)).toEqual({ keepsApart: false, begins: false })
})
