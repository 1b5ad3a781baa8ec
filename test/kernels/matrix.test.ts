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
    const maxSliceBytes = 3 * 4 * tileWords(cols, format)
    const whole = createMatrix(bench.gpu, 'whole', partRows, cols, format, { maxSliceBytes })
    const pieces = createMatrix(bench.gpu, 'pieces', partRows, cols, format, { maxSliceBytes })
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
  it('the parts of a paired matrix take turns, tile by tile, in whole pairs in each buffer', async () => {
    const [cols, rows, format] = [8, 40, { kind: 'f32' } as const]
    const bench = await kernelBench()
    const parts = [random(3).floats(rows * cols), random(4).floats(rows * cols)]
    const options = { isPaired: true, maxSliceBytes: 3 * 4 * tileWords(cols, format) }
    const two = createMatrix(bench.gpu, 'w', [rows, rows], cols, format, options)
    expect(two.slices.map(({ firstRow, numRows }) => [firstRow, numRows])).toEqual([0, 32, 64].map(row => [row, 32]))
    parts.forEach((w, part) => void two.write(part, 0, packRows(format, w, rows, cols)))
    for (const [index, { buffers }] of two.slices.entries()) {
      const [from, to] = [16 * index, Math.min(rows, 16 * index + 16)]
      const tiles = parts.map(w => packRows(format, w.subarray(from * cols, to * cols), to - from, cols).weights)
      const words = tileWords(cols, format)
      expect(await bench.readU32(buffers.weights, 2 * words)).toEqual(
        Uint32Array.from(tiles.flatMap(tile => [...tile])),
      )
    }
  })

  it('a pair in one part is as good as one in two', async () => {
    const [cols, format] = [8, { kind: 'f32' } as const]
    const bench = await kernelBench()
    const values = random(5).floats(96 * cols)
    const read = async (partRows: readonly number[]) => {
      const matrix = createMatrix(bench.gpu, 'w', partRows, cols, format, { isPaired: true })
      partRows.forEach((rows, part) => {
        const own = values.subarray(part * rows * cols, (part + 1) * rows * cols)
        matrix.write(part, 0, packRows(format, own, rows, cols))
      })
      return bench.readU32(matrix.slices[0].buffers.weights, 96 * cols)
    }
    expect(await read([96])).toEqual(await read([48, 48]))
    for (const partRows of [[48], [32, 48], [16, 16, 16]]) await expect(read(partRows)).rejects.toThrow('are no pair')
  })

  it('a row too long for a buffer is out of memory', async () => {
    const gpu = await testGpu()
    expect(() => createMatrix(gpu, 'w', [1], 8, { kind: 'f32' }, { maxSliceBytes: 511 })).toThrow(OutOfMemory)
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
