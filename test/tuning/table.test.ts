import { describe, expect, it } from 'vitest'
import { casesOf, choicesOf, knownPicks, parseTable } from '../../src/tuning/table'

const WAYS = [1, 4, 32, Number.POSITIVE_INFINITY].map(maxTokens => ({ name: `to ${maxTokens}`, maxTokens }))

describe('the cases of a call', () => {
  it('end where the fastest way may change, and with as many tokens as there can be', () => {
    expect(casesOf(WAYS, 512)).toEqual([1, 4, 16, 32, 64, 512])
    expect(casesOf(WAYS, 16)).toEqual([1, 4, 16])
    expect(casesOf(WAYS, 1)).toEqual([1])
  })

  it('of which nothing was timed are made as without a table', () => {
    const choices = choicesOf(casesOf(WAYS, 512), WAYS, {})
    expect(choices).toEqual(WAYS.map(({ maxTokens }, way) => ({ way, maxTokens })))
  })

  it('are for every number of tokens, however few ways are picked', () => {
    expect(choicesOf([1, 4, 16], WAYS, { 1: 2, 4: 2, 16: 2 })).toEqual([
      { way: 2, maxTokens: Number.POSITIVE_INFINITY },
    ])
    expect(choicesOf([1, 4, 16], WAYS, { 4: 0, 16: 0 })).toEqual([{ way: 0, maxTokens: Number.POSITIVE_INFINITY }])
    expect(choicesOf([1, 4, 16], WAYS, { 1: 1, 4: 0 })).toEqual([
      { way: 1, maxTokens: 1 },
      { way: 0, maxTokens: 4 },
      { way: 2, maxTokens: Number.POSITIVE_INFINITY },
    ])
  })
})

describe('a kept table', () => {
  it.each(['', 'x', 'null', '7', '"{}"', '{"shape":', '[]'])('that is %j knows nothing', text => {
    expect(parseTable(text)).toEqual({})
  })

  it.each([
    [undefined],
    [null],
    ['012'],
    [7],
    [{ length: 3 }],
    [{ 1: 4 }],
    [{ 1: -1, 4: null }],
    [{ 1: 0.5, 4: [] }],
    [{ 1: '2' }],
    [{ 1: 'length', two: 2 }],
  ])('with %j for a shape knows nothing of it', kept => {
    expect(knownPicks(kept, [1, 4, 16], WAYS)).toEqual({})
  })

  it('is what was kept, as far as that makes sense', () => {
    const kept: unknown = parseTable(JSON.stringify({ shape: { 1: 0, 4: 3, 16: 9, 512: 1 } })).shape
    expect(knownPicks(kept, [1, 4, 16], WAYS)).toEqual({ 1: 0, 4: 3 })
  })
})
