import { describe, expect, it } from 'vitest'
import { type DrawRow, pushDrawRows } from '../../src/kernels/draw-row'
import { editLogits, type LogitEdit } from '../../src/kernels/edit-logits'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { editedLogit, GREEDY } from './sample-reference'

async function runEdits(logits: Float32Array<ArrayBuffer>, rows: readonly DrawRow[], edits: readonly LogitEdit[]) {
  const bench = await kernelBench()
  const buffer = bench.upload(logits)
  const run = editLogits(bench, logits.length / rows.length, buffer)
  await bench.ready()
  bench.step.push([7, 7, 7, 7, 7])
  run(edits, pushDrawRows(bench.step, rows))
  return bench.read(buffer, logits.length)
}

describe('edit-logits', () => {
  it('matches the f64 reference for every mix of penalties and bias, and leaves other logits alone', async () => {
    const { floats, int, next } = random(4)
    const [numRows, vocabSize] = [9, 401]
    const rows = Array.from({ length: numRows }, () => ({
      ...GREEDY,
      repetition: [1, 0.8, 1.3][int(0, 3)],
      presence: [0, -0.5, 1.5][int(0, 3)],
      frequency: [0, -0.25, 0.75][int(0, 3)],
    }))
    const logits = floats(numRows * vocabSize, 20)
    const edits: LogitEdit[] = []
    const expected = Float64Array.from(logits)
    for (let index = 0; index < logits.length; index++) {
      if (next() < 0.5) continue
      const [row, tokenId] = [Math.floor(index / vocabSize), index % vocabSize]
      const [count, isInPrompt] = [[0, 1, 2, 70000][int(0, 4)], next() < 0.5]
      const edit = { row, tokenId, count, isInPrompt, bias: [0, 3.5, -100][int(0, 3)] }
      edits.push(edit)
      expected[index] = editedLogit(logits[index], edit, rows[row])
    }
    expectClose(await runEdits(logits, rows, edits), expected, 1e-10)
  })

  it('lets no token but one through when all others get -1e30', async () => {
    const edits = Array.from({ length: 256 }, (_, tokenId) => ({
      row: 0,
      tokenId,
      count: 0,
      isInPrompt: false,
      bias: tokenId === 77 ? 0 : -1e30,
    }))
    const edited = await runEdits(random(1).floats(256, 30), [GREEDY], edits)
    expect([...edited].map((logit, id) => (logit > -1e29 ? id : -1)).filter(id => id >= 0)).toEqual([77])
  })

  it('applies none of the edits of another row', async () => {
    const edited = await runEdits(
      new Float32Array(6),
      [GREEDY, GREEDY],
      [{ row: 1, tokenId: 2, count: 0, isInPrompt: false, bias: 1 }],
    )
    expect([...edited]).toEqual([0, 0, 0, 0, 0, 1])
  })
})
