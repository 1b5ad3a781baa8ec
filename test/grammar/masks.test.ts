import { describe, expect, it } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import type { StructuredOutputs } from '../../src/core/structured-outputs'
import { atOnce } from '../../src/core/work'
import { compileProgram } from '../../src/grammar/compile-grammar'
import { Grammar } from '../../src/grammar/grammar'
import { Grammars } from '../../src/grammar/grammars'
import { tokenTree } from '../../src/grammar/mask/vocabulary'
import { random } from '../support/random'
import { recogniser } from './recognise'
import { seededVocabulary } from './vocabularies'

const SIZE = 3000
const END = SIZE - 1
const vocabulary = seededVocabulary(SIZE)
const tree = atOnce(tokenTree(vocabulary))
const grammarsOf = () => atOnce(Grammars.of(vocabulary, [END]))

const SOURCES: readonly StructuredOutputs[] = [
  { jsonObject: true },
  { jsonObject: true, whitespace: true },
  { json: { type: 'array', items: { type: ['string', 'null', 'number'] }, maxItems: 3 } },
  { json: { type: 'object', properties: { é: { type: 'string', maxLength: 5 }, b: { $ref: '#' } }, required: ['é'] } },
  { regex: '[äöü]{2,3}(foo|b[a-z]*)?' },
  { choice: ['yes', 'yesterday', 'no', '日本'] },
  { grammar: 'root ::= list\nlist ::= "[" (item ("," item)*)? "]"\nitem ::= list | [0-9]+ | "a"*' },
]

/** Which of two rules called each `a` is not known before the end. */
const AMBIGUOUS = `root ::= t | u | "${'a'.repeat(40)}!"
t ::= "a" root "b"
u ::= "a" root "c"`

function idsOf(mask: Uint32Array): number[] {
  return Array.from({ length: SIZE }, (_, id) => id).filter(id => (mask[id >>> 5] >>> (id & 31)) & 1)
}

describe('a mask', () => {
  it.each(SOURCES)('admits exactly the tokens whose bytes may follow, on random ways: %j', source => {
    const rng = random(3)
    const grammar = new Grammar(compileProgram(source), vocabulary, tree, [END])
    for (let way = 0; way < 6; way++) {
      let state = grammar.start()
      for (let length = 0; length < 25; length++) {
        const ids = idsOf(grammar.mask(state))
        const expected = Array.from({ length: SIZE }, (_, id) => id).filter(
          id => grammar.advance(state, id) !== undefined,
        )
        if (state.canEnd) expected.push(END)
        expect(ids).toEqual(expected)
        const next = grammar.advance(state, ids[rng.int(0, ids.length)])
        if (!next) break
        state = next
      }
    }
  })

  it('is the same object for all rows in the same state', () => {
    const grammars = grammarsOf()
    const rows = [0, 1].map(() => grammars.row({ jsonObject: true }, true))
    for (const row of rows) for (const byte of '{"a":') row.advance(byte.charCodeAt(0))
    expect(rows[0].mask).toBe(rows[1].mask)
  })

  it('admits no end of sequence where that is to be ignored', () => {
    const row = grammarsOf().row({ regex: 'a*' }, false)
    expect(idsOf(row.mask)).not.toContain(END)
  })

  it('admits an end of sequence that has bytes only where the text may end', () => {
    const bytes = [...vocabulary.bytes.slice(0, END), new TextEncoder().encode('"a"')]
    const row = atOnce(Grammars.of({ size: SIZE, bytes }, [END])).row({ regex: '"a""a"' }, true)
    const admitted = [...'"a""a"'].map(char => {
      const isAdmitted = idsOf(row.mask).includes(END)
      row.advance(char.charCodeAt(0))
      return isAdmitted
    })
    expect(admitted).toEqual(Array(6).fill(false))
    expect(idsOf(row.mask)).toEqual([END])
  })

  it('never leads to where nothing can follow', () => {
    // b would need a c, which nothing is
    const admits = recogniser({ grammar: 'root ::= "a" | "b" c\nc ::= "x" c' })
    expect([admits('a'), admits('b')]).toEqual([true, false])
    const grammar = new Grammar(compileProgram({ grammar: 'root ::= "a" | "b" c\nc ::= "x" c' }), vocabulary, tree)
    const texts = idsOf(grammar.mask(grammar.start())).map(id => String.fromCharCode(...(vocabulary.bytes[id] ?? [])))
    expect(new Set(texts)).toEqual(new Set(['a']))
  })
})

describe('a row', () => {
  it('is done where nothing can follow, and not where something can', () => {
    const grammars = grammarsOf()
    const row = grammars.row({ choice: ['no', 'not'] }, true)
    const done = [...'not'].map(char => {
      row.advance(char.charCodeAt(0))
      return row.isDone
    })
    expect(done).toEqual([false, false, true])
  })

  it('fails alone, and admits nothing, where its text can be read in too many ways', () => {
    const row = grammarsOf().row({ grammar: AMBIGUOUS }, true)
    let length = 0
    for (; !row.failure && length < 100; length++) {
      row.advance('a'.charCodeAt(0))
      idsOf(row.mask)
    }
    expect(row.failure).toEqual(expect.objectContaining({ message: expect.stringMatching(/more than 1024 ways/) }))
    expect(length).toBeLessThan(20)
    expect(idsOf(row.mask)).toEqual([])
  })
})

function nested(depth: number): Record<string, unknown> {
  let schema: Record<string, unknown> = {}
  for (let level = 0; level < depth; level++) schema = { items: schema }
  return schema
}

describe('a hostile source', () => {
  it.each<[string, StructuredOutputs, RegExp]>([
    ['repeats repetitions', { regex: '((((a{1000}){1000}){1000}){1000})' }, /more than 524288 states/],
    ['has exponentially many sets of states', { regex: '(a|b)*a(a|b){40}' }, /more than \d+ (states|transitions)/],
    ['nests groups', { regex: `${'('.repeat(1000)}a${')'.repeat(1000)}` }, /more than 64 groups/],
    ['begins with itself', { grammar: 'root ::= root "a" | "a"' }, /begins with itself/],
    ['begins with itself after nothing', { grammar: 'root ::= e root "a" | "a"\ne ::= "e"?' }, /begins with itself/],
    [
      'admits nothing',
      { json: { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] } },
      /admits nothing/,
    ],
    ['refers to itself', { json: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, /refers to itself/],
    [
      'multiplies alternatives',
      {
        json: {
          allOf: Array(9)
            .fill({ anyOf: [{}, {}] })
            .map(each => ({ ...each })),
        },
      },
      /more than 256 alternatives/,
    ],
    ['nests schemas', { json: nested(100_000) }, /too many levels/],
    ['is too long', { choice: ['x'.repeat(2 ** 22)] }, /4194304/],
  ])('that %s is refused with the numbers', (_, source, message) => {
    const compile = () => compileProgram(source)
    expect(compile).toThrow(
      expect.objectContaining({ constructor: InvalidRequest, message: expect.stringMatching(message) }),
    )
  })

  it('that nests a schema deeply is compiled, rule by rule', () => {
    let schema: object = { type: 'null' }
    for (let depth = 0; depth < 1000; depth++) schema = { type: 'array', items: schema, minItems: 1 }
    const admits = recogniser({ json: schema as Record<string, unknown> })
    expect(admits(`${'['.repeat(1000)}null${']'.repeat(1000)}`)).toBe(true)
  })
})
