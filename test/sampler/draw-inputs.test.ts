import { describe, expect, it } from 'vitest'
import { InvariantViolation } from '../../src/core/assert'
import type { Draw } from '../../src/core/batch'
import { NO_TOKEN } from '../../src/kernels/sample'
import { drawRow, logitEdits, parseResults, resultStride } from '../../src/sampler/draw-inputs'
import { type DrawOptions, drawOf, drawsOf } from './draws'

/** The edits of a draw by token id: [count, isInPrompt, bias]. */
function editsOf(draw: Draw): Record<number, [number, boolean, number]> {
  return Object.fromEntries(
    logitEdits(draw, 0).map(({ tokenId, count, isInPrompt, bias }) => [tokenId, [count, isInPrompt, bias]]),
  )
}

function recordOf(options: DrawOptions) {
  return drawRow(drawOf(options), 0, 99)
}

describe('the edits of a row', () => {
  it('are none without bias and penalties', () => {
    expect(logitEdits(drawOf({ prompt: [1, 2], output: [3] }), 0)).toEqual([])
  })

  it('merge bias, prompt and output of a token into one', () => {
    const draw = drawOf({
      prompt: [5, 5, 6],
      output: [6, 7, 7],
      params: {
        repetitionPenalty: 1.2,
        logitBias: new Map([
          [7, -1],
          [9, 4],
        ]),
      },
    })
    expect(editsOf(draw)).toEqual({
      5: [0, true, 0],
      6: [1, true, 0],
      7: [2, false, -1],
      9: [0, false, 4],
    })
  })

  it('leave the prompt alone where only the output counts', () => {
    const draw = drawOf({ prompt: [5, 6], output: [6], params: { frequencyPenalty: 0.5 } })
    expect(editsOf(draw)).toEqual({ 6: [1, false, 0] })
  })

  it('name the row that they are asked for', () => {
    const draw = drawOf({ prompt: [5], params: { logitBias: new Map([[1, 1]]) } })
    expect(logitEdits(draw, 17)[0].row).toBe(17)
  })

  it('refuse penalties while drawn tokens are still on their way', () => {
    const draw = drawOf({ prompt: [5], params: { presencePenalty: 1 }, numUnknown: 1 })
    expect(() => logitEdits(draw, 0)).toThrow(InvariantViolation)
    expect(logitEdits(drawOf({ prompt: [5], numUnknown: 1 }), 0)).toEqual([])
  })
})

describe('the record of a row', () => {
  it('takes the position of the token drawn, not of the one computed', () => {
    expect(recordOf({ prompt: [1, 2, 3] }).position).toBe(3)
    expect(recordOf({ prompt: [1, 2, 3], output: [4, 5] }).position).toBe(5)
  })

  it('is greedy below the least temperature that can be divided by', () => {
    expect(recordOf({ params: { temperature: 1e-9 } }).temperature).toBe(0)
    expect(recordOf({ params: { temperature: 0.01 } }).temperature).toBe(0.01)
  })
})

describe('several draws of a chunk', () => {
  const draws = drawsOf({
    prompt: [5, 6],
    output: [7, 7],
    params: { repetitionPenalty: 1.2, logprobs: 0 },
    slot: 3,
    numDraws: 3,
  })

  it('have a position each, and leave the last token only in the slot', () => {
    const records = draws.map((draw, row) => drawRow(draw, row, 99))
    expect(records.map(({ position, slot, result }) => [position, slot, result])).toEqual([
      [2, 99, 0],
      [3, 99, 1],
      [4, 3, 2],
    ])
  })

  it('are edited by the tokens before each', () => {
    expect(draws.map(editsOf)).toEqual([
      { 5: [0, true, 0], 6: [0, true, 0] },
      { 5: [0, true, 0], 6: [0, true, 0], 7: [1, false, 0] },
      { 5: [0, true, 0], 6: [0, true, 0], 7: [2, false, 0] },
    ])
  })

  it('are edited by the tokens that the chunk has, whether or not the sequence has them', () => {
    const [draw] = draws
    const guess = { ...draw.chunk, count: 2, tokens: [6, 8] }
    expect(editsOf({ chunk: guess, token: 1, position: 3 })).toMatchObject({ 8: [1, false, 0] })
  })

  it('have a result each', () => {
    const results = Float32Array.from([0, -1, 0, -2, 0, -3])
    new Uint32Array(results.buffer).set([11], 0)
    new Uint32Array(results.buffer).set([12], 2)
    new Uint32Array(results.buffer).set([13], 4)
    expect(parseResults(draws, results.buffer).map(({ tokenId, logprob }) => [tokenId, logprob])).toEqual([
      [11, -1],
      [12, -2],
      [13, -3],
    ])
  })
})

describe('the results of a step', () => {
  it('have room for the draw that asks for most', () => {
    expect(resultStride([])).toBe(2)
    expect(resultStride([drawOf({}), drawOf({ params: { logprobs: 3 } })])).toBe(8)
  })

  it('give each draw what it asked for, and no more', () => {
    const draws = [undefined, 0, 2].map(logprobs => drawOf({ params: { logprobs } }))
    // words that were not asked for hold whatever an earlier step left there
    const results = new Float32Array([0, 9, 9, 9, 9, 9, 0, -0.5, 9, 9, 9, 9, 0, -1, 0, -0.25, 0, 9])
    const ids = new Uint32Array(results.buffer)
    ids[0] = 11
    ids[6] = 22
    ids[12] = 33
    ids[14] = 34
    ids[16] = NO_TOKEN
    expect(parseResults(draws, results.buffer)).toEqual([
      { tokenId: 11 },
      { tokenId: 22, logprob: -0.5, topLogprobs: [] },
      { tokenId: 33, logprob: -1, topLogprobs: [{ tokenId: 34, logprob: -0.25 }] },
    ])
  })

  it('say so where no token could be drawn', () => {
    const draws = [drawOf({ params: { logprobs: 1 } })]
    expect(parseResults(draws, Uint32Array.of(NO_TOKEN, 0, 5, 0).buffer)).toEqual([{ tokenId: NO_TOKEN }])
  })
})
