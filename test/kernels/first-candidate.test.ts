import { describe, expect, it } from 'vitest'
import { type DrawRow, pushDrawRows } from '../../src/kernels/draw-row'
import { firstCandidate } from '../../src/kernels/first-candidate'
import { maskLogits } from '../../src/kernels/mask-logits'
import { matmulBy, runnableWays } from '../../src/kernels/matmul'
import { createMatrix } from '../../src/kernels/matrix'
import { matrixFormat, numTiles, tileWords } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'
import { NO_TOKEN, sample } from '../../src/kernels/sample'
import { kernelBench, testGpu } from '../support/gpu'
import { random } from '../support/random'
import { GREEDY, maskOf, scores } from './sample-reference'

const COLS = 64
/** Not whole tiles. */
const VOCAB = 1_235

const WAYS = runnableWays(await testGpu())

/** Draws from x · wᵀ once by way of logits and once without, with records and results for each row. */
async function drawBoth(
  rows: readonly DrawRow[],
  x: Float32Array<ArrayBuffer>,
  w: Float32Array<ArrayBuffer>,
  way = WAYS[0],
  masks: readonly (Uint32Array | undefined)[] = [],
) {
  const bench = await kernelBench()
  const vocabSize = w.length / COLS
  const format = matrixFormat('f32', COLS)
  // three buffers
  const maxSliceBytes = Math.ceil(numTiles([vocabSize]) / 3) * tileWords(COLS, format) * 4
  const head = createMatrix(bench.gpu, 'head', [vocabSize], COLS, format, { maxSliceBytes })
  head.write(0, 0, packRows(format, w, vocabSize, COLS))
  const input = bench.upload(x)
  const logits = bench.output(rows.length * vocabSize)
  const candidates = bench.output(rows.length * numTiles([vocabSize]) * 2)
  const outputs = () => ({ results: bench.output(rows.length * 2), lastTokens: bench.output(rows.length) })
  const [whole, fused] = [outputs(), outputs()]
  const scale = 0.75
  const project = matmulBy(bench, way, head, { x: input, y: logits }, { scale })
  const maskWhole = maskLogits(bench, vocabSize, logits)
  const drawWhole = sample(bench, vocabSize, { logits, ...whole })
  const projectFused = matmulBy(bench, way, head, { x: input, y: candidates }, { scale, isDrawn: true })
  const drawFused = firstCandidate(bench, vocabSize, { candidates, ...fused })
  await bench.ready()
  bench.step.push([7])
  const starts = rows.map((_, row) => masks[row] && bench.step.push(masks[row]))
  const firstDraw = pushDrawRows(
    bench.step,
    rows.map((row, index) => ({ ...row, mask: starts[index] ?? 0 })),
  )
  project(rows.length)
  maskWhole(rows.length, firstDraw)
  drawWhole({ numRows: rows.length, firstRow: firstDraw, resultStride: 2 })
  projectFused(rows.length, firstDraw)
  drawFused({ numRows: rows.length, firstDraw, resultStride: 2 })
  const words = await bench.readU32(fused.results, rows.length * 2)
  const wholeWords = await bench.readU32(whole.results, rows.length * 2)
  const tokensOf = (all: Uint32Array) => rows.map(({ result }) => all[result * 2])
  return {
    logits: await bench.read(logits, rows.length * vocabSize),
    tokens: tokensOf(words),
    wholeTokens: tokensOf(wholeWords),
    lastTokens: [...(await bench.readU32(fused.lastTokens, rows.length))],
    wholeLastTokens: [...(await bench.readU32(whole.lastTokens, rows.length))],
  }
}

/** Greedy and at some temperatures in turn; results and slots in reversed order. */
function mixedRows(count: number): DrawRow[] {
  return Array.from({ length: count }, (_, i) => ({
    ...GREEDY,
    temperature: [0, 0.1, 0.7, 1, 3][i % 5],
    seed: 77 + i,
    position: 5 * i,
    result: count - 1 - i,
    slot: count - 1 - i,
  }))
}

describe.each(WAYS)('a draw without logits by %o', way => {
  it.each([1, 7, 33])(
    'is the draw from the logits, and the reference, of %i rows, some of them masked',
    async numRows => {
      const { floats, int } = random(numRows)
      const rows = mixedRows(numRows)
      const admitted = rows.map((_, row) => (row % 3 === 1 ? [int(0, VOCAB), int(0, VOCAB), VOCAB - 1] : undefined))
      const masks = admitted.map(ids => ids && maskOf(ids, VOCAB))
      const drawn = await drawBoth(rows, floats(numRows * COLS, 1), floats(VOCAB * COLS, 1), way, masks)
      rows.forEach((_, row) => {
        if (admitted[row]) expect(admitted[row]).toContain(drawn.tokens[row])
      })
      expect(drawn.tokens).toEqual(drawn.wholeTokens)
      expect(drawn.lastTokens).toEqual(drawn.wholeLastTokens)
      rows.forEach((row, index) => {
        const logits = drawn.logits.subarray(index * VOCAB, (index + 1) * VOCAB)
        const byToken = row.temperature > 0 ? scores(logits, row) : new Map([...logits.entries()])
        const best = [...byToken.values()].reduce((a, b) => Math.max(a, b))
        expect(byToken.get(drawn.tokens[index])).toBeGreaterThan(best - 1e-4)
      })
    },
  )
})

it('takes the lowest id on a tie, across tiles and buffers', async () => {
  const w = new Float32Array(VOCAB * COLS)
  for (const id of [700, 431, 1_234]) w[id * COLS] = 2
  const { tokens } = await drawBoth(
    mixedRows(1),
    Float32Array.from({ length: COLS }, () => 1),
    w,
  )
  expect(tokens).toEqual([431])
})

it('never draws a logit that is not finite; a row of only such gives NO_TOKEN, and 0 to the next step', async () => {
  // 64 columns of 3e38 are more than f32 holds
  const x = new Float32Array(2 * COLS).fill(3e38)
  const w = new Float32Array(VOCAB * COLS).fill(1)
  w.fill(1e-30, 600 * COLS, 601 * COLS)
  const rows = mixedRows(2)
  const { tokens, lastTokens } = await drawBoth(rows, x, w)
  expect(tokens).toEqual([600, 600])
  expect(lastTokens).toEqual([600, 600])
  const none = await drawBoth(rows, x, new Float32Array(VOCAB * COLS).fill(1))
  expect(none.tokens).toEqual([NO_TOKEN, NO_TOKEN])
  expect(none.lastTokens).toEqual([0, 0])
})
