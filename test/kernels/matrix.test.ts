import { describe, expect, it } from 'vitest'
import { OutOfMemory } from '../../src/core/errors'
import { float16Value } from '../../src/core/float16'
import { createMatrix } from '../../src/kernels/matrix'
import { BLOCK_LEN, isQuantized, type MatrixFormat, matrixBytes, tileWords } from '../../src/kernels/matrix-format'
import { packRows } from '../../src/kernels/pack'
import { kernelBench, testGpu } from '../support/gpu'
import { FORMATS, filledMatrix, roundWeights } from '../support/matrices'
import { random } from '../support/random'

/** The weight, or code of one, at an index of packed words. */
function valueAt(words: Uint32Array, { kind }: MatrixFormat, index: number): number {
  if (kind === 'f32') return new Float32Array(words.buffer)[index]
  if (kind === 'f16') return float16Value(new Uint16Array(words.buffer)[index])
  const bytes = new Uint8Array(words.buffer)
  if (kind === 'q8') return bytes[index]
  const byte = bytes[Math.floor(index / 8) * 4 + (index % 4)]
  return index % 8 < 4 ? byte & 15 : byte >> 4
}

describe.each(FORMATS)('matrix $name', ({ format, colsFor }) => {
  it('holds block k of row n at ((n / 16) · blocks + k) · 16 + n % 16, group likewise, zeros in the padding', async () => {
    const [rows, cols, len] = [37, colsFor(72), BLOCK_LEN[format.kind]]
    const values = random(1).floats(rows * cols)
    const bench = await kernelBench()
    const matrix = filledMatrix(bench.gpu, values, cols, format)
    const { weights, scales } = matrix.slices[0].buffers
    const words = await bench.readU32(weights, weights.size / 4)
    const halves = scales ? new Uint16Array((await bench.readU32(scales, scales.size / 4)).buffer) : undefined
    expect(matrix.bytes).toBe(weights.size + (scales?.size ?? 0))
    expect(matrixBytes([rows], cols, format)).toBe(matrix.bytes)
    const rounded = roundWeights(values, format)
    const expected = new Float32Array(48 * cols)
    const held = new Float32Array(48 * cols)
    for (let i = 0; i < held.length; i++) {
      const [n, k] = [Math.floor(i / cols), i % cols]
      const block = (Math.floor(n / 16) * (cols / len) + Math.floor(k / len)) * 16 + (n % 16)
      held[i] = valueAt(words, format, block * len + (k % len))
      if (isQuantized(format) && halves) {
        const { group, hasZeros } = format
        const at = (Math.floor(n / 16) * (cols / group) + Math.floor(k / group)) * 16 + (n % 16)
        const scale = float16Value(halves[hasZeros ? 2 * at : at])
        const zero = hasZeros ? float16Value(halves[2 * at + 1]) : format.kind === 'q8' ? 128 : 8
        held[i] = (held[i] - zero) * scale + 0
      }
      if (n < rows) expected[i] = rounded[i]
    }
    expect(held).toEqual(expected)
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
