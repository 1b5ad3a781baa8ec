import { expect, it } from 'vitest'
import { type DrawRow, pushDrawRows } from '../../src/kernels/draw-row'
import { maskLogits } from '../../src/kernels/mask-logits'
import { sample } from '../../src/kernels/sample'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { GREEDY, logSoftmax, maskOf, ranking } from './sample-reference'

/** Masks rows of logits and draws from them; a row whose mask is undefined has none. */
async function drawMasked(
  rows: readonly DrawRow[],
  logits: Float32Array<ArrayBuffer>,
  masks: readonly (Uint32Array | undefined)[],
) {
  const bench = await kernelBench()
  const vocabSize = logits.length / rows.length
  const buffer = bench.upload(logits)
  const results = bench.output(rows.length * 2)
  const mask = maskLogits(bench, vocabSize, buffer)
  const draw = sample(bench, vocabSize, { logits: buffer, results, lastTokens: bench.output(rows.length) })
  await bench.ready()
  bench.step.push([7, 7, 7])
  const starts = new Map([...new Set(masks)].map(each => [each, each ? bench.step.push(each) : 0]))
  const firstRow = pushDrawRows(
    bench.step,
    rows.map((row, index) => ({ ...row, mask: starts.get(masks[index]) ?? 0 })),
  )
  mask(rows.length, firstRow)
  draw({ numRows: rows.length, firstRow, resultStride: 2 })
  const words = await bench.readU32(results, rows.length * 2)
  return { tokens: rows.map((_, index) => words[index * 2]), logits: await bench.read(buffer, logits.length) }
}

function manyRows(count: number, params: Partial<DrawRow>): DrawRow[] {
  return Array.from({ length: count }, (_, index) => ({
    ...GREEDY,
    ...params,
    position: index,
    result: index,
    slot: index,
  }))
}

it.each([1, 31, 33, 2_049, 40_000])(
  'of %i logits only those that the mask does not admit change, and greedy is the best of the rest',
  async vocabSize => {
    const { floats, int } = random(vocabSize)
    const logits = floats(4 * vocabSize, 20)
    const ids = [0, 1, 2].map(() => [...new Set(Array.from({ length: 50 }, () => int(0, vocabSize)))])
    const masks = [maskOf(ids[0], vocabSize), undefined, maskOf(ids[1], vocabSize), maskOf(ids[2], vocabSize)]
    const masked = await drawMasked(manyRows(4, {}), logits, masks)
    const expected = logits.map((logit, index) => {
      const mask = masks[Math.floor(index / vocabSize)]
      const id = index % vocabSize
      return !mask || (mask[id >>> 5] >>> (id & 31)) & 1 ? logit : Number.NEGATIVE_INFINITY
    })
    expect(masked.logits).toEqual(expected)
    expect(masked.tokens).toEqual(
      [0, 1, 2, 3].map(row => ranking(expected.slice(row * vocabSize, (row + 1) * vocabSize))[0]),
    )
  },
)

it('draws under a mask as from the softmax of the admitted tokens', async () => {
  const [vocabSize, count, temperature] = [64, 20_000, 0.7]
  const one = random(2).floats(vocabSize, 2)
  const ids = [0, 3, 5, 31, 32, 40, 50, 63]
  const logits = new Float32Array(count * vocabSize)
  for (let row = 0; row < count; row++) logits.set(one, row * vocabSize)
  const mask = maskOf(ids, vocabSize)
  const { tokens } = await drawMasked(manyRows(count, { temperature, seed: 11 }), logits, Array(count).fill(mask))
  const probabilities = logSoftmax(ids.map(id => one[id] / temperature)).map(Math.exp)
  let chiSquare = 0
  ids.forEach((id, index) => {
    const expected = count * probabilities[index]
    chiSquare += (tokens.filter(token => token === id).length - expected) ** 2 / expected
  })
  expect(tokens.every(token => ids.includes(token))).toBe(true)
  // 7 degrees of freedom: above this once in 100,000
  expect(chiSquare).toBeLessThan(34.6)
})
