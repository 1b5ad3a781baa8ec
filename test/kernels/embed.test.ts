import { describe, expect, it } from 'vitest'
import { embed, FROM_SLOT } from '../../src/kernels/embed'
import { createMatrix, type WeightFormat } from '../../src/kernels/matrix'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { random } from '../support/random'
import { roundWeights } from '../support/round'

const FORMATS: readonly WeightFormat[] = ['f32', 'f16']

describe.each(FORMATS)('embed %s', format => {
  it.each([
    { vocab: 5, hidden: 8, numTokens: 1, sliceRows: 16 },
    { vocab: 577, hidden: 64, numTokens: 33, sliceRows: 640 },
    { vocab: 577, hidden: 576, numTokens: 20, sliceRows: 112 },
    { vocab: 16, hidden: 8, numTokens: 70000, sliceRows: 16 },
  ])('gives the rows of $numTokens tokens of a vocabulary of $vocab, $hidden wide', async shape => {
    const { vocab, hidden, numTokens, sliceRows } = shape
    const { floats, int } = random(vocab + hidden)
    const values = floats(vocab * hidden)
    const bench = await kernelBench()
    const sliceBytes = sliceRows * hidden * (format === 'f32' ? 4 : 2)
    const matrix = createMatrix(bench.gpu, 'embedding', [vocab], hidden, format, sliceBytes)
    matrix.writeRows(0, 0, values)
    const [lastTokens, x] = [bench.upload(new Uint32Array(4)), bench.output(numTokens * hidden)]
    const run = embed(bench, matrix, { lastTokens, x })
    await bench.ready()
    const tokens = Array.from({ length: numTokens }, () => int(0, vocab))
    bench.step.push([1, 2, 3])
    run(bench.step.push(tokens), numTokens)
    const rounded = roundWeights(values, format)
    const expected = tokens.flatMap(token => [...rounded.subarray(token * hidden, (token + 1) * hidden)])
    expect(await bench.read(x, numTokens * hidden)).toEqual(Float32Array.from(expected))
  })

  it('multiplies the rows and adds them to what is there, if asked to', async () => {
    const { floats } = random(4)
    const [values, before] = [floats(40 * 8), floats(3 * 8)]
    const bench = await kernelBench()
    const matrix = createMatrix(bench.gpu, 'embedding', [40], 8, format, 16 * 8 * 4)
    matrix.writeRows(0, 0, values)
    const [lastTokens, x] = [bench.upload(new Uint32Array(4)), bench.upload(before)]
    const run = embed(bench, matrix, { lastTokens, x }, { scale: 1.7, accumulate: true })
    await bench.ready()
    const tokens = [33, 0, 20]
    run(bench.step.push(tokens), 3)
    const rounded = roundWeights(values, format)
    const expected = before.map((value, i) => value + 1.7 * rounded[tokens[Math.floor(i / 8)] * 8 + (i % 8)])
    expectClose(await bench.read(x, 3 * 8), expected, 1e-13)
  })

  it('a word that names a slot gives the token that was last drawn there', async () => {
    const values = random(3).floats(40 * 8)
    const bench = await kernelBench()
    const matrix = createMatrix(bench.gpu, 'embedding', [40], 8, format, 16 * 8 * 4)
    matrix.writeRows(0, 0, values)
    const [lastTokens, x] = [bench.upload(Uint32Array.of(39, 7, 21)), bench.output(4 * 8)]
    const run = embed(bench, matrix, { lastTokens, x })
    await bench.ready()
    run(bench.step.push([FROM_SLOT + 2, 5, FROM_SLOT, FROM_SLOT + 1]), 4)
    const rounded = roundWeights(values, format)
    const expected = [21, 5, 39, 7].flatMap(token => [...rounded.subarray(token * 8, (token + 1) * 8)])
    expect(await bench.read(x, 4 * 8)).toEqual(Float32Array.from(expected))
  })
})
