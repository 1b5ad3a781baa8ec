import { describe, expect, it } from 'vitest'
import { embed, FROM_SLOT } from '../../src/kernels/embed'
import { expectClose } from '../support/compare'
import { kernelBench } from '../support/gpu'
import { FORMATS, filledMatrix, roundWeights } from '../support/matrices'
import { random } from '../support/random'

/** Which zero a code gives is up to the device's compiler. */
const unsignedZeros = (values: Float32Array) => values.map(value => value + 0)

describe.each(FORMATS)('embed $name', ({ format, colsFor }) => {
  it.each([
    { vocab: 5, leastHidden: 8, numTokens: 1, sliceTiles: 1 },
    { vocab: 577, leastHidden: 64, numTokens: 33, sliceTiles: 20 },
    { vocab: 577, leastHidden: 576, numTokens: 20, sliceTiles: 7 },
    // more tokens than workgroups fit one dimension
    ...(colsFor(8) === 8 ? [{ vocab: 16, leastHidden: 8, numTokens: 70000, sliceTiles: 1 }] : []),
  ])('gives the rows of $numTokens tokens of a vocabulary of $vocab, $leastHidden wide or more', async shape => {
    const { vocab, numTokens, sliceTiles } = shape
    const hidden = colsFor(shape.leastHidden)
    const { floats, int } = random(vocab + hidden)
    const values = floats(vocab * hidden)
    const bench = await kernelBench()
    const matrix = filledMatrix(bench.gpu, values, hidden, format, sliceTiles)
    const [lastTokens, x] = [bench.upload(new Uint32Array(4)), bench.output(numTokens * hidden)]
    const run = embed(bench, matrix, { lastTokens, x })
    await bench.ready()
    const tokens = Array.from({ length: numTokens }, () => int(0, vocab))
    bench.step.push([1, 2, 3])
    run(bench.step.push(tokens), numTokens)
    const rounded = roundWeights(values, format)
    const expected = new Float32Array(numTokens * hidden)
    tokens.forEach((token, i) => {
      expected.set(rounded.subarray(token * hidden, (token + 1) * hidden), i * hidden)
    })
    expect(unsignedZeros(await bench.read(x, numTokens * hidden))).toEqual(expected)
  })

  it('multiplies the rows and adds them to what is there, if asked to', async () => {
    const { floats } = random(4)
    const hidden = colsFor(8)
    const [values, before] = [floats(40 * hidden), floats(3 * hidden)]
    const bench = await kernelBench()
    const matrix = filledMatrix(bench.gpu, values, hidden, format, 1)
    const [lastTokens, x] = [bench.upload(new Uint32Array(4)), bench.upload(before)]
    const run = embed(bench, matrix, { lastTokens, x }, { scale: 1.7, accumulate: true })
    await bench.ready()
    const tokens = [33, 0, 20]
    run(bench.step.push(tokens), 3)
    const rounded = roundWeights(values, format)
    const at = (i: number) => tokens[Math.floor(i / hidden)] * hidden + (i % hidden)
    const expected = before.map((value, i) => value + 1.7 * rounded[at(i)])
    expectClose(await bench.read(x, 3 * hidden), expected, 1e-13)
  })

  it('a word that names a slot gives the token that was last drawn there', async () => {
    const hidden = colsFor(8)
    const values = random(3).floats(40 * hidden)
    const bench = await kernelBench()
    const matrix = filledMatrix(bench.gpu, values, hidden, format, 1)
    const [lastTokens, x] = [bench.upload(Uint32Array.of(39, 7, 21)), bench.output(4 * hidden)]
    const run = embed(bench, matrix, { lastTokens, x })
    await bench.ready()
    run(bench.step.push([FROM_SLOT + 2, 5, FROM_SLOT, FROM_SLOT + 1]), 4)
    const rounded = roundWeights(values, format)
    const expected = [21, 5, 39, 7].flatMap(token => [...rounded.subarray(token * hidden, (token + 1) * hidden)])
    expect(unsignedZeros(await bench.read(x, 4 * hidden))).toEqual(Float32Array.from(expected))
  })
})
