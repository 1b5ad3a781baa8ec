import { describe, expect, it } from 'vitest'
import { OutOfMemory, UnsupportedModel } from '../../src/core/errors'
import { float16Value } from '../../src/core/float16'
import { createMatrix, matrixBytes, type WeightFormat } from '../../src/kernels/matrix'
import { kernelBench, testGpu } from '../support/gpu'
import { random } from '../support/random'
import { roundWeights } from '../support/round'

const FORMATS: readonly WeightFormat[] = ['f32', 'f16']

/** The weight at an index of packed words. */
function weightAt(words: Uint32Array, format: WeightFormat, index: number): number {
  if (format === 'f32') return new Float32Array(words.buffer)[index]
  return float16Value(new Uint16Array(words.buffer)[index])
}

describe.each(FORMATS)('matrix %s', format => {
  it('holds block k of row n at ((n / 16) · blocks + k) · 16 + n % 16, zeros in the padding', async () => {
    const [rows, cols, len] = [37, 24, format === 'f32' ? 4 : 8]
    const values = random(1).floats(rows * cols)
    const bench = await kernelBench()
    const matrix = createMatrix(bench.gpu, 'w', [rows], cols, format)
    matrix.writeRows(0, 0, values)
    const words = await bench.readU32(matrix.slices[0].buffer, matrix.bytes / 4)
    expect(matrix.bytes).toBe(48 * cols * (16 / len))
    expect(matrixBytes([rows], cols, format)).toBe(matrix.bytes)
    const rounded = roundWeights(values, format)
    const expected = new Float32Array(48 * cols)
    const held = new Float32Array(48 * cols)
    for (let i = 0; i < held.length; i++) {
      const [n, k] = [Math.floor(i / cols), i % cols]
      const block = (Math.floor(n / 16) * (cols / len) + Math.floor(k / len)) * 16 + (n % 16)
      held[i] = weightAt(words, format, block * len + (k % len))
      if (n < rows) expected[i] = rounded[i]
    }
    expect(held).toEqual(expected)
  })

  it('comes out the same whatever slabs of rows it is written in, and in whatever order', async () => {
    const [cols, partRows] = [16, [70, 9, 50]]
    const { floats, int } = random(2)
    const parts = partRows.map(rows => floats(rows * cols))
    const bench = await kernelBench()
    const sliceBytes = 48 * cols * 4
    const whole = createMatrix(bench.gpu, 'whole', partRows, cols, format, sliceBytes)
    const pieces = createMatrix(bench.gpu, 'pieces', partRows, cols, format, sliceBytes)
    parts.forEach((values, part) => void whole.writeRows(part, 0, values))
    const slabs: { part: number; start: number; end: number }[] = []
    partRows.forEach((rows, part) => {
      for (let start = 0; start < rows; ) {
        const end = Math.min(rows, start + int(1, 40))
        slabs.push({ part, start, end })
        start = end
      }
    })
    while (slabs.length > 0) {
      const [{ part, start, end }] = slabs.splice(int(0, slabs.length), 1)
      pieces.writeRows(part, start, parts[part].subarray(start * cols, end * cols))
    }
    expect(whole.slices.length).toBeGreaterThan(1)
    for (const [index, { buffer, numRows }] of whole.slices.entries()) {
      const length = matrixBytes([numRows], cols, format) / 4
      expect(await bench.readU32(pieces.slices[index].buffer, length)).toEqual(await bench.readU32(buffer, length))
    }
  })
})

describe('matrix', () => {
  it('a weight beyond f16 is refused with its place, and kept by f32', async () => {
    const gpu = await testGpu()
    const values = new Float32Array(20 * 8)
    values[17 * 8 + 3] = 70000
    createMatrix(gpu, 'w', [20], 8, 'f32').writeRows(0, 0, values)
    const write = () => createMatrix(gpu, 'layers.0.up', [20], 8, 'f16').writeRows(0, 0, values)
    expect(write).toThrow(UnsupportedModel)
    expect(write).toThrow(
      'layers.0.up: row 17, column 3 holds 70000, beyond what f16 can hold. Load these weights as f32.',
    )
  })

  it('a row too long for a buffer is out of memory', async () => {
    const gpu = await testGpu()
    expect(() => createMatrix(gpu, 'w', [1], 8, 'f32', 511)).toThrow(OutOfMemory)
  })

  it('rows outside a part are refused', async () => {
    const matrix = createMatrix(await testGpu(), 'w', [20, 4], 8, 'f32')
    expect(() => matrix.writeRows(0, 20, new Float32Array(8))).toThrow('w: 8 weights from row 20 on in part 0')
    expect(() => matrix.writeRows(1, 0, new Float32Array(9))).toThrow('9 weights')
  })
})
