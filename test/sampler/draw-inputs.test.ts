import { describe, expect, it } from 'vitest'
import { InvariantViolation } from '../../src/core/assert'
import type { Chunk } from '../../src/core/batch'
import { NO_TOKEN } from '../../src/kernels/sample'
import { drawRow, logitEdits, parseResults, resultStride } from '../../src/sampler/draw-inputs'
import { chunkOf } from './chunk'

/** The edits of a chunk by token id: [count, isInPrompt, bias]. */
function editsOf(chunk: Chunk): Record<number, [number, boolean, number]> {
  return Object.fromEntries(
    logitEdits(chunk, 0).map(({ tokenId, count, isInPrompt, bias }) => [tokenId, [count, isInPrompt, bias]]),
  )
}

describe('the edits of a row', () => {
  it('are none without bias and penalties', () => {
    expect(logitEdits(chunkOf({ prompt: [1, 2], output: [3] }), 0)).toEqual([])
  })

  it('merge bias, prompt and output of a token into one', () => {
    const chunk = chunkOf({
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
    expect(editsOf(chunk)).toEqual({
      5: [0, true, 0],
      6: [1, true, 0],
      7: [2, false, -1],
      9: [0, false, 4],
    })
  })

  it('leave the prompt alone where only the output counts', () => {
    const chunk = chunkOf({ prompt: [5, 6], output: [6], params: { frequencyPenalty: 0.5 } })
    expect(editsOf(chunk)).toEqual({ 6: [1, false, 0] })
  })

  it('name the row that they are asked for', () => {
    const chunk = chunkOf({ prompt: [5], params: { logitBias: new Map([[1, 1]]) } })
    expect(logitEdits(chunk, 17)[0].row).toBe(17)
  })

  it('refuse penalties while drawn tokens are still on their way', () => {
    const chunk = chunkOf({ prompt: [5], params: { presencePenalty: 1 }, numPending: 2 })
    expect(() => logitEdits(chunk, 0)).toThrow(InvariantViolation)
    expect(logitEdits(chunkOf({ prompt: [5], numPending: 2 }), 0)).toEqual([])
  })
})

describe('the record of a row', () => {
  it('takes the position of the token drawn, not of the one computed', () => {
    expect(drawRow(chunkOf({ prompt: [1, 2, 3] }), 0).position).toBe(3)
    expect(drawRow(chunkOf({ prompt: [1, 2, 3], output: [4, 5] }), 0).position).toBe(5)
  })

  it('is greedy below the least temperature that can be divided by', () => {
    expect(drawRow(chunkOf({ params: { temperature: 1e-9 } }), 0).temperature).toBe(0)
    expect(drawRow(chunkOf({ params: { temperature: 0.01 } }), 0).temperature).toBe(0.01)
  })
})

describe('the results of a step', () => {
  it('have room for the draw that asks for most', () => {
    expect(resultStride([])).toBe(2)
    expect(resultStride([chunkOf({}), chunkOf({ params: { logprobs: 3 } })])).toBe(8)
  })

  it('give each draw what it asked for, and no more', () => {
    const draws = [undefined, 0, 2].map(logprobs => chunkOf({ params: { logprobs } }))
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
    const draws = [chunkOf({ params: { logprobs: 1 } })]
    expect(parseResults(draws, Uint32Array.of(NO_TOKEN, 0, 5, 0).buffer)).toEqual([{ tokenId: NO_TOKEN }])
  })
})
