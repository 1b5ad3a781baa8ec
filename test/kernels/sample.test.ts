import { describe, expect, it } from 'vitest'
import { DRAW_ROW_FIELDS, type DrawRow, pushDrawRows } from '../../src/kernels/draw-row'
import { NO_TOKEN, sample } from '../../src/kernels/sample'
import { shaderSource } from '../../src/kernels/shaders'
import { kernelBench, POISON } from '../support/gpu'
import { random } from '../support/random'
import { GREEDY, keptTokens, logSoftmax, ranking, scores, threefry } from './sample-reference'

const VOCABS = [1, 2, 255, 257, 4_097, 49_152, 151_936]

/** Draws once for each record; row i has the i-th of the logits, in turn if there are fewer. */
async function drawAll(rows: readonly DrawRow[], logits: readonly ArrayLike<number>[], resultStride = 2) {
  const bench = await kernelBench()
  const vocabSize = logits[0].length
  const all = new Float32Array(rows.length * vocabSize)
  rows.forEach((_, index) => {
    all.set(logits[index % logits.length], index * vocabSize)
  })
  const numSlots = Math.max(...rows.map(row => row.slot)) + 1
  const [results, slots] = [bench.output(rows.length * resultStride), bench.output(numSlots)]
  const run = sample(bench, vocabSize, { logits: bench.upload(all), results, lastTokens: slots })
  await bench.ready()
  bench.step.push([7, 7, 7])
  run({ numRows: rows.length, firstRow: pushDrawRows(bench.step, rows), resultStride })
  const words = await bench.readU32(results, rows.length * resultStride)
  return {
    tokens: rows.map(row => words[row.result * resultStride]),
    words,
    floats: new Float32Array(words.buffer),
    lastTokens: await bench.readU32(slots, numSlots),
  }
}

/** `count` records that differ in position, result and slot. */
function manyRows(count: number, params: Partial<DrawRow>): DrawRow[] {
  return Array.from({ length: count }, (_, i) => ({ ...GREEDY, ...params, position: i, result: i, slot: i }))
}

/** Logits on a grid of 1/64, so that no two are nearly equal; ties occur. */
function gridLogits(vocabSize: number, seed: number): Float32Array {
  const { int } = random(seed)
  return Float32Array.from({ length: vocabSize }, () => int(-512, 512) / 64)
}

/** Each draw is among the kept tokens and has the greatest score, up to f32's rounding of logarithms. */
function expectDrawn(tokens: readonly number[], rows: readonly DrawRow[], logits: readonly ArrayLike<number>[]): void {
  rows.forEach((row, index) => {
    const byToken = scores(logits[index % logits.length], row)
    const best = [...byToken.values()].reduce((a, b) => Math.max(a, b))
    const message = `row ${index}, token ${tokens[index]}`
    expect(byToken.get(tokens[index]) ?? Number.NEGATIVE_INFINITY, message).toBeGreaterThan(best - 1e-4)
  })
}

describe('sample, greedy', () => {
  it.each(VOCABS)('takes the largest of %i logits', async vocabSize => {
    const logits = [1, 2, 3].map(seed => random(seed).floats(vocabSize, 15))
    const { tokens, lastTokens } = await drawAll(manyRows(3, {}), logits)
    expect(tokens).toEqual(logits.map(row => ranking(row)[0]))
    expect([...lastTokens]).toEqual(tokens)
  })

  it('takes the lowest id on a tie, and -0 ties with 0', async () => {
    const tie = new Float32Array(1000).fill(-3)
    tie[700] = tie[431] = tie[999] = 2.5
    const { tokens } = await drawAll(manyRows(2, {}), [tie, new Float32Array(1000).fill(0).fill(-0, 0, 300)])
    expect(tokens).toEqual([431, 0])
  })

  it('writes to the result row and slot that each record names, and nowhere else', async () => {
    const rows = [
      { ...GREEDY, result: 2, slot: 4 },
      { ...GREEDY, result: 0, slot: 1 },
      { ...GREEDY, result: 1, slot: 3 },
    ]
    const { words, lastTokens } = await drawAll(rows, [
      [9, 0, 0, 0],
      [0, 0, 9, 0],
      [0, 0, 0, 9],
    ])
    const poison = new Uint32Array(Float32Array.of(POISON).buffer)[0]
    expect([...words]).toEqual([2, poison, 3, poison, 0, poison])
    expect([...lastTokens]).toEqual([poison, 2, poison, 3, 0])
  })

  it('never draws what is not finite, and says so when nothing else is there', async () => {
    const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY]
    const logits = [
      [nan, -5, -inf, -3, inf],
      [nan, nan, inf, -inf, -inf],
      [-3e38, -3.4e38, nan, -3.3e38, -inf],
    ]
    for (const temperature of [0, 1]) {
      const rows = manyRows(3, { temperature, topK: 1, topP: 0.5, minP: 0.5 })
      const { tokens, lastTokens } = await drawAll(rows, logits)
      expect(tokens).toEqual([3, NO_TOKEN, 0])
      expect([...lastTokens]).toEqual([3, 0, 0])
    }
  })
})

describe('sample, at a temperature', () => {
  it('has the random numbers of the published generator', () => {
    // known answers of Random123's kat_vectors, threefry2x32 with 20 rounds
    expect(threefry([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe])
    expect(threefry([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff])).toEqual([0x1cb996fc, 0xbb002be7])
    expect(threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0])
  })

  it.each(VOCABS)("draws the reference's token out of %i", async vocabSize => {
    const numRows = vocabSize > 1000 ? 4 : 200
    const rows = manyRows(numRows, { temperature: 0.8, seed: 0xdeadbeef })
    const logits = [random(vocabSize).floats(vocabSize, 4), new Float32Array(vocabSize)]
    const { tokens } = await drawAll(rows, logits)
    expectDrawn(tokens, rows, logits)
  })

  it.each([
    { topK: 1 },
    { topK: 7 },
    { topK: 5000 },
    { topP: 0 },
    { topP: 0.3 },
    { topP: 0.95 },
    { topP: 0.999999 },
    { minP: 0.2 },
    { minP: 1 },
    { topK: 40, topP: 0.9 },
    { topK: 40, minP: 0.05 },
    { topP: 0.8, minP: 0.01 },
    { topK: 30, topP: 0.7, minP: 0.02 },
  ])('draws from the reference set for %o', async truncation => {
    const logits = gridLogits(600, 11)
    const rows = manyRows(600, { ...truncation, temperature: 4, seed: 3 })
    const { tokens } = await drawAll(rows, [logits])
    expectDrawn(tokens, rows, [logits])
  })

  it.each([{ topK: 10 }, { topP: 0.6 }, { minP: 0.85 }, { topK: 40, topP: 0.5 }, { topK: 30, topP: 0.9, minP: 0.8 }])(
    'draws every token of the set for %o, ties included, and no other',
    async truncation => {
      // so hot that each token of the set comes up about as often as any other
      const [logits, temperature] = [gridLogits(60, 12).map(Math.round), 50]
      const kept = keptTokens(logits, { ...GREEDY, ...truncation, temperature })
      const { tokens } = await drawAll(manyRows(1500, { ...truncation, temperature, seed: 9 }), [logits])
      expect([...new Set(tokens)].sort((a, b) => a - b)).toEqual(kept.sort((a, b) => a - b))
    },
  )

  it.each([49_152, 151_936])('truncates %i logits as the reference does', async vocabSize => {
    const rows = manyRows(4, { temperature: 1.3, topK: 1000, topP: 0.9, seed: 5 })
    rows[2] = { ...rows[2], topK: 0 }
    rows[3] = { ...rows[3], topP: 0.5, topK: 0, temperature: 30 }
    const logits = [random(vocabSize).floats(vocabSize, 12)]
    const { tokens } = await drawAll(rows, logits)
    expectDrawn(tokens, rows, logits)
  })

  it('draws the only token that is not masked', async () => {
    const masked = new Float32Array(257).fill(-1e30)
    masked[200] = -4
    for (const params of [{}, { topK: 50 }, { topP: 0.9 }, { minP: 0.1 }]) {
      const { tokens } = await drawAll(manyRows(20, { ...params, temperature: 1 }), [masked])
      expect(new Set(tokens)).toEqual(new Set([200]))
    }
  })

  it.each([
    ['positions', {}],
    ['seeds', { position: 3 }],
  ])('has the frequencies of the softmax over 20,000 %s', async (_, fixed) => {
    const logits = Float32Array.of(1, 0, -1, 2, 0.5, -2, 1.5, 0.25, -0.5, 1.25)
    const numDraws = 20_000
    const rows = manyRows(numDraws, { temperature: 0.9 }).map((row, seed) => ({ ...row, seed, ...fixed }))
    const { tokens } = await drawAll(rows, [logits])
    const expected = logSoftmax(logits.map(logit => logit / 0.9)).map(logprob => Math.exp(logprob) * numDraws)
    const chiSquare = expected.reduce((sum, mean, id) => {
      return sum + (tokens.filter(token => token === id).length - mean) ** 2 / mean
    }, 0)
    // 9 degrees of freedom: above 27.9 once in a thousand
    expect(chiSquare).toBeLessThan(27.9)
  })

  it('gives a row the same token alone, in a batch, and in any order', async () => {
    const { int, floats } = random(21)
    const vocabSize = 1000
    const logits = Array.from({ length: 12 }, () => floats(vocabSize, 3))
    const rows = manyRows(12, {}).map((row, index) => ({
      ...row,
      ...[{}, { temperature: 1 }, { temperature: 2, topP: 0.7 }, { temperature: 1, topK: 50 }][index % 4],
      seed: int(0, 2 ** 31),
      position: int(0, 5000),
    }))
    const { tokens } = await drawAll(rows, logits)
    const reversed = await drawAll([...rows].reverse(), [...logits].reverse())
    expect([...reversed.tokens].reverse()).toEqual(tokens)
    for (const index of [0, 5, 10, 11]) {
      const alone = await drawAll([{ ...rows[index], result: 0, slot: 0 }], [logits[index]])
      expect(alone.tokens).toEqual([tokens[index]])
    }
  })
})

describe('sample, log-probabilities', () => {
  it.each(VOCABS)('reports the drawn and the 20 most likely of %i tokens', async vocabSize => {
    const logits = [gridLogits(vocabSize, 31), random(32).floats(vocabSize, 20)]
    const stride = 42
    const rows = manyRows(4, { numLogprobs: 20 })
    rows[1] = { ...rows[1], temperature: 1.5, topK: 3 }
    rows[2] = { ...rows[2], numLogprobs: 0, temperature: 0.7 }
    const { tokens, words, floats } = await drawAll(rows, logits, stride)
    rows.forEach((row, index) => {
      const expected = logSoftmax(logits[index % 2])
      const start = row.result * stride
      expect(Math.abs(floats[start + 1] - expected[tokens[index]])).toBeLessThanOrEqual(1e-4)
      const top = ranking(logits[index % 2]).slice(0, row.numLogprobs)
      top.forEach((id, rank) => {
        expect(words[start + 2 + 2 * rank]).toBe(id)
        expect(Math.abs(floats[start + 3 + 2 * rank] - expected[id])).toBeLessThanOrEqual(1e-4)
      })
      if (top.length < row.numLogprobs) expect(words[start + 2 + 2 * top.length]).toBe(NO_TOKEN)
    })
  })
})

describe('the record of a row', () => {
  it('has the same fields, in the same order and of the same type, in TypeScript and in WGSL', () => {
    const struct = /struct DrawRow \{([^}]*)\}/.exec(shaderSource('draw-row'))?.[1] ?? ''
    const fields = [...struct.matchAll(/(\w+): (\w+),/g)].map(([, name, type]) => [name, type.replace('i32', 'u32')])
    const snake = (name: string) => name.replace('num', 'n').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
    expect(fields).toEqual(DRAW_ROW_FIELDS.map(([name, type]) => [snake(name), type]))
    expect(shaderSource('draw-row')).toContain(`DRAW_ROW_WORDS: u32 = ${fields.length}u`)
  })
})
