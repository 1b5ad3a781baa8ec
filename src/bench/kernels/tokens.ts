import { type DrawRow, pushDrawRows } from '../../kernels/draw-row'
import { embed } from '../../kernels/embed'
import { createMatrix } from '../../kernels/matrix'
import { type MatrixFormat, matrixBytes, matrixFormat, TILE_ROWS, type WeightFormat } from '../../kernels/matrix-format'
import { packRows } from '../../kernels/pack'
import { sample } from '../../kernels/sample'
import type { KernelCase, Prepared, Work } from './case'
import { difference } from './check'
import type { Fixture } from './fixture'
import type { ModelShape } from './models'
import { randomFloats } from './random'
import { roundedWeights } from './rounding'
import { ROWS } from './rows'

const FORMATS: readonly WeightFormat[] = ['f32', 'f16', 'q8', 'q4']
const USUAL_EMBEDS = [1, 16, 256]
const USUAL_DRAWS = [1, 16]
/** Most rows that are drawn at once. */
const MOST_DRAWS = 256

/** Number of different rows of the embedding, which repeat. */
const PERIOD = 17 * TILE_ROWS

/** Error of a row of the embedding, which is exact but for one rounding. */
const BOUND = 1e-6

const TOP_K = 40
const GREEDY = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 1,
  numLogprobs: -1,
  repetition: 1,
  presence: 0,
  frequency: 0,
  mask: 0,
  scored: 0,
}
const DRAWS: Readonly<Record<string, typeof GREEDY>> = {
  greedy: GREEDY,
  'top-k-top-p': { ...GREEDY, temperature: 0.8, topK: TOP_K, topP: 0.9 },
}

/** Cases of the kernels with which a step begins and ends. */
export function tokenCases(model: ModelShape): KernelCase[] {
  const common = { model: model.name, isChosen: true, copies: 1 }
  const embeds = FORMATS.flatMap(kind => {
    const format = matrixFormat(kind, model.hiddenSize)
    return ROWS.map(rows => ({
      ...common,
      kernel: 'embed',
      part: `embedding ${model.vocabSize}×${model.hiddenSize}`,
      format: kind,
      rows,
      variant: 'embed',
      isUsual: kind === 'f16' && USUAL_EMBEDS.includes(rows),
      work: embedWork(rows, model, format),
      prepare: (fixture: Fixture) => prepareEmbed(fixture, model, format, rows),
    }))
  })
  const draws = Object.entries(DRAWS).flatMap(([part, how]) =>
    ROWS.filter(rows => rows <= MOST_DRAWS).map(rows => ({
      ...common,
      kernel: 'sample',
      part,
      format: 'f32',
      rows,
      variant: 'sample',
      isUsual: USUAL_DRAWS.includes(rows),
      work: sampleWork(rows, model),
      prepare: (fixture: Fixture) => prepareSample(fixture, model, how, rows),
    })),
  )
  return [...embeds, ...draws]
}

/** Work of the embedding: a row of the matrix read and written for each token; a product with the scale. */
export function embedWork(rows: number, { hiddenSize }: ModelShape, format: MatrixFormat): Work {
  const rowBytes = matrixBytes([TILE_ROWS], hiddenSize, format) / TILE_ROWS
  return { bytes: rows * (rowBytes + 4 * hiddenSize), flops: rows * hiddenSize }
}

/** Work of sampling: each logit read once, and compared. */
export function sampleWork(rows: number, { vocabSize }: ModelShape): Work {
  return { bytes: rows * (4 * vocabSize + 12), flops: rows * vocabSize }
}

function prepareEmbed(
  fixture: Fixture,
  { vocabSize, hiddenSize }: ModelShape,
  format: MatrixFormat,
  rows: number,
): Prepared {
  const distinct = randomFloats(PERIOD * hiddenSize, hiddenSize)
  const matrix = createMatrix(fixture, 'embedding', [vocabSize], hiddenSize, format)
  const packed = packRows(format, distinct, PERIOD, hiddenSize)
  for (let row = 0; row + PERIOD <= vocabSize; row += PERIOD) matrix.write(0, row, packed)
  const x = fixture.output(rows * hiddenSize)
  const run = embed(fixture, matrix, { lastTokens: fixture.output(1), x })
  // the rows behind the last whole period are not written
  const tokens = Array.from({ length: rows }, (_, row) => (row * 7919) % (vocabSize - (vocabSize % PERIOD)))
  const begin = () => {
    const firstToken = fixture.step.push(tokens)
    return () => run(firstToken, rows)
  }
  const check = async () => {
    begin()()
    const kept = roundedWeights(format, distinct)
    const expected = (index: number) =>
      kept[(tokens[Math.floor(index / hiddenSize)] % PERIOD) * hiddenSize + (index % hiddenSize)]
    return difference(await fixture.readFloats(x, rows * hiddenSize), expected, BOUND)
  }
  return { begin, check }
}

/** Prepares the sampler: a greedy draw must be the largest logit, any other among the `TOP_K` largest. */
function prepareSample(fixture: Fixture, { vocabSize }: ModelShape, how: typeof GREEDY, rows: number): Prepared {
  const all = randomFloats(rows * vocabSize, rows, 10)
  const results = fixture.output(rows * 2)
  const buffers = { logits: fixture.upload(all), results, lastTokens: fixture.output(rows) }
  const run = sample(fixture, vocabSize, buffers)
  const draws = Array.from({ length: rows }, (_, row): DrawRow => ({ ...how, position: row, slot: row, result: row }))
  const begin = () => {
    const firstRow = pushDrawRows(fixture.step, draws)
    return () => run({ numRows: rows, firstRow, resultStride: 2 })
  }
  const check = async () => {
    begin()()
    const words = new Uint32Array(await fixture.read(results, rows * 2))
    for (let row = 0; row < rows; row++) {
      const logits = all.subarray(row * vocabSize, (row + 1) * vocabSize)
      const token = words[row * 2]
      const better = logits.reduce((count, logit) => count + Number(logit > logits[token]), 0)
      const allowed = how.temperature === 0 ? 1 : TOP_K
      if (token >= vocabSize || better >= allowed) return `row ${row} drew token ${token}, which ${better} others beat`
    }
    return undefined
  }
  return { begin, check }
}
