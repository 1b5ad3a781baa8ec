import { describe, expect, it } from 'vitest'
import { OutOfMemory } from '../../src/core/errors'
import { createMatrix } from '../../src/kernels/matrix'
import { matrixBytes, tileWords } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'
import { kernelBench, testGpu } from '../support/gpu'
import { FORMATS } from '../support/matrices'
import { random } from '../support/random'

describe.each(FORMATS)('matrix $name', ({ format, colsFor }) => {
  it('holds what was packed, and takes the bytes that were foretold', async () => {
    const [rows, cols] = [37, colsFor(72)]
    const packed = packRows(format, random(1).floats(rows * cols), rows, cols)
    const bench = await kernelBench()
    const matrix = createMatrix(bench.gpu, 'w', [rows], cols, format)
    matrix.write(0, 0, packed)
    const { weights, scales } = matrix.slices[0].buffers
    expect(await bench.readU32(weights, weights.size / 4)).toEqual(packed.weights)
    if (scales) expect(await bench.readU32(scales, scales.size / 4)).toEqual(packed.scales)
    expect(matrix.bytes).toBe(weights.size + (scales?.size ?? 0))
    expect(matrixBytes([rows], cols, format)).toBe(matrix.bytes)
  })

  it('comes out the same whatever slabs of rows it is written in, and in whatever order', async () => {
    const [cols, partRows] = [colsFor(16), [70, 9, 50]]
    const { floats, int } = random(2)
    const parts = partRows.map(rows => floats(rows * cols))
    const bench = await kernelBench()
    const sliceBytes = 3 * 4 * tileWords(cols, format)
    const whole = createMatrix(bench.gpu, 'whole', partRows, cols, format, sliceBytes)
    const pieces = createMatrix(bench.gpu, 'pieces', partRows, cols, format, sliceBytes)
    parts.forEach((values, part) => void whole.write(part, 0, packRows(format, values, partRows[part], cols)))
    const slabs: { part: number; start: number; end: number }[] = []
    partRows.forEach((rows, part) => {
      for (let start = 0; start < rows; ) {
        const end = Math.min(rows, start + 16 * int(1, 4))
        slabs.push({ part, start, end })
        start = end
      }
    })
    while (slabs.length > 0) {
      const [{ part, start, end }] = slabs.splice(int(0, slabs.length), 1)
      const values = parts[part].subarray(start * cols, end * cols)
      pieces.write(part, start, packRows(format, values, end - start, cols))
    }
    expect(whole.slices.length).toBeGreaterThan(1)
    for (const [index, { buffers }] of whole.slices.entries()) {
      for (const name of ['weights', 'scales'] as const) {
        const [one, other] = [buffers[name], pieces.slices[index].buffers[name]]
        expect(other?.size).toBe(one?.size)
        if (one && other)
          expect(await bench.readU32(other, one.size / 4)).toEqual(await bench.readU32(one, one.size / 4))
      }
    }
  })
})

describe('matrix', () => {
  it('a row too long for a buffer is out of memory', async () => {
    const gpu = await testGpu()
    expect(() => createMatrix(gpu, 'w', [1], 8, { kind: 'f32' }, 511)).toThrow(OutOfMemory)
  })

  it('rows outside a part, in the middle of a tile, or of another format are refused', async () => {
    const format = { kind: 'f32' } as const
    const matrix = createMatrix(await testGpu(), 'w', [20, 40], 8, format)
    const rows = (numRows: number) => packRows(format, new Float32Array(numRows * 8), numRows, 8)
    expect(() => matrix.write(0, 16, rows(5))).toThrow('w: 5 rows from row 16 on in part 0 of 20 rows')
    expect(() => matrix.write(1, 8, rows(16))).toThrow('w: 16 rows from row 8 on in part 1')
    const halves = packRows({ kind: 'f16' }, new Float32Array(16 * 8), 16, 8)
    expect(() => matrix.write(0, 0, halves)).toThrow('w: 64 and 0 words are not 1 tiles of f32')
  })
})
