import { BLOCK_LEN, blocksFor } from '../../core/block'
import { type KvFormat, kvBlockBytes } from '../../core/kv-format'
import { createKvCache } from '../../kernels/kv-cache'
import { ropeAppend } from '../../kernels/rope-append'
import { ropeTable } from '../../kernels/rope-table'
import type { KernelCase, Prepared, Work } from './case'
import { difference } from './check'
import type { Fixture } from './fixture'
import { type ModelShape, qkvRows } from './models'
import { randomFloats } from './random'
import { ROWS } from './rows'

const FORMATS: readonly KvFormat[] = ['f32', 'f16', 'int8', 'int4']
const USUAL_ROWS = [1, 16, 256]
const NUM_POSITIONS = 2048
const THETA = 10_000

/** Error of the table and two products in f32. */
const BOUND = 1e-5

export function ropeAppendCases(model: ModelShape): KernelCase[] {
  return FORMATS.flatMap(format =>
    ROWS.map(rows => ({
      kernel: 'rope-append',
      part: `qkv ${qkvRows(model)}`,
      format,
      model: model.name,
      rows,
      variant: 'rope-append',
      isChosen: true,
      isUsual: format === 'f16' && USUAL_ROWS.includes(rows),
      work: ropeAppendWork(rows, model, format),
      copies: 1,
      prepare: (fixture: Fixture) => prepare(fixture, model, format, rows),
    })),
  )
}

/** Work of the kernel: q, k and v read and written, with the position's row of the table; three operations for each dim that turns. */
export function ropeAppendWork(rows: number, model: ModelShape, format: KvFormat): Work {
  const { numHeads, numKvHeads, headDim } = model
  const kvBytes = (2 * kvBlockBytes(format, model)) / BLOCK_LEN
  return {
    bytes: rows * (4 * (qkvRows(model) + numHeads * headDim + headDim) + kvBytes),
    flops: 3 * rows * (numHeads + numKvHeads) * headDim,
  }
}

/** Prepares the kernel. Only q is checked: the cases of attention fill their caches by it, and so check what it writes there. */
function prepare(fixture: Fixture, model: ModelShape, format: KvFormat, rows: number): Prepared {
  const { numHeads, numKvHeads, headDim } = model
  const stride = qkvRows(model)
  const kOffset = numHeads * headDim
  const qkv = randomFloats(rows * stride, rows)
  const table = ropeTable({ dim: headDim, theta: THETA, scaling: { type: 'default' } }, NUM_POSITIONS)
  const q = fixture.output(rows * kOffset)
  const { layers } = createKvCache(fixture, { format, numKvHeads, headDim, numBlocks: blocksFor(rows), numLayers: 1 })
  const layout = { qkvStride: stride, kOffset, vOffset: kOffset + numKvHeads * headDim }
  const buffers = { qkv: fixture.upload(qkv), table: fixture.upload(table), q, ...layers[0] }
  const run = ropeAppend(fixture, model, layout, {}, buffers)
  const positions = Array.from({ length: rows }, (_, row) => (row * 7919) % NUM_POSITIONS)
  const { step } = fixture
  const begin = () => {
    const lists = { firstPosition: step.push(positions), firstDestination: step.push(positions.map((_, row) => row)) }
    return () => run({ numTokens: rows, ...lists })
  }
  const expected = (index: number) => {
    const [row, dim] = [Math.floor(index / kOffset), index % headDim]
    const start = row * stride + (index % kOffset) - dim
    const pair = dim % (headDim / 2)
    const angle = positions[row] * THETA ** ((-2 * pair) / headDim)
    const [low, high] = [qkv[start + pair], qkv[start + pair + headDim / 2]]
    const turned =
      dim < headDim / 2
        ? low * Math.cos(angle) - high * Math.sin(angle)
        : high * Math.cos(angle) + low * Math.sin(angle)
    return (turned * Math.LOG2E) / Math.sqrt(headDim)
  }
  const check = async () => {
    begin()()
    return difference(await fixture.readFloats(q, rows * kOffset), expected, BOUND)
  }
  return { begin, check }
}
