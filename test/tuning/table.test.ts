import { describe, expect, it } from 'vitest'
import { arePicks, casesOf, choicesOf, defaultWay, parseTable } from '../../src/tuning/table'

const WAYS = [1, 4, 32, Number.POSITIVE_INFINITY].map(maxTokens => ({ name: `to ${maxTokens}`, maxTokens }))

describe('the cases of a call', () => {
  it('end where the fastest way may change, and with as many tokens as there can be', () => {
    expect(casesOf(WAYS, 512)).toEqual([1, 4, 16, 32, 64, 256, 512])
    expect(casesOf(WAYS, 16)).toEqual([1, 4, 16])
    expect(casesOf(WAYS, 1)).toEqual([1])
  })

  it('with the ways that are thought to be best are made as without a table', () => {
    const cases = casesOf(WAYS, 512)
    const choices = choicesOf(
      cases,
      cases.map(tokens => defaultWay(WAYS, tokens)),
    )
    expect(choices).toEqual(WAYS.map(({ maxTokens }, way) => ({ way, maxTokens })))
  })

  it('are for every number of tokens, however few ways are picked', () => {
    expect(choicesOf([1, 4, 16], [2, 2, 2])).toEqual([{ way: 2, maxTokens: Number.POSITIVE_INFINITY }])
    expect(choicesOf([1, 4, 16], [1, 0, 0])).toEqual([
      { way: 1, maxTokens: 1 },
      { way: 0, maxTokens: Number.POSITIVE_INFINITY },
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
    [{ length: 3 }],
    [[0, 1]],
    [[0, 1, 4]],
    [[0, 1, -1]],
    [[0, 1, 0.5]],
    [[0, 1, '2']],
    [[0, 1, 'length']],
  ])('with %j for a shape does not know it', picks => {
    expect(arePicks(picks, [1, 4, 16], WAYS)).toBe(false)
  })

  it('is what was kept', () => {
    const picks: unknown = parseTable(JSON.stringify({ shape: [0, 3, 1] })).shape
    expect(arePicks(picks, [1, 4, 16], WAYS)).toBe(true)
    expect(picks).toEqual([0, 3, 1])
  })
})
