import { describe, expect, test } from 'vitest'
import { UnsupportedModel } from '../../../src/core/errors'
import type { Checkpoint, Encoding } from '../../../src/loader/weights/checkpoint'
import { gatherRows, restoreValues, withLayouts } from '../../../src/loader/weights/tensor-layout'

const bytesOf = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)
const valuesOf = (bytes: Uint8Array<ArrayBuffer>) => [...new Float32Array(bytes.buffer)]

/** Element [row, k] of a tensor is 100 row + k, so that it says where it belongs. */
const element = (row: number, k: number) => 100 * row + k

describe('rows of a tensor that is stored otherwise', () => {
  test('of a transposed matrix are its columns', () => {
    const layout = { type: 'transposed' } as const
    const [rows, cols] = [5, 3]
    const stored = Array.from({ length: cols * rows }, (_, at) => element(at % rows, Math.floor(at / rows)))
    const gathered = gatherRows(bytesOf(stored), layout, [rows, cols], 2, 3)
    const values = restoreValues(new Float32Array(gathered.buffer), layout, 3)
    expect([...values]).toEqual([200, 201, 202, 300, 301, 302, 400, 401, 402])
  })

  test('of interleaved heads go to their parts, in matrices and in biases', () => {
    const layout = { type: 'interleaved', heads: 2, parts: 3 } as const
    // rows [heads, parts, 2] by what they are: 10 part + 2 head + row
    const order = [0, 1].flatMap(head => [0, 1, 2].flatMap(part => [0, 1].map(row => 10 * part + 2 * head + row)))
    const expected = order.toSorted((a, b) => a - b)
    const matrix = bytesOf(order.flatMap(row => [element(row, 0), element(row, 1)]))
    const some = valuesOf(gatherRows(matrix, layout, [12, 2], 3, 4))
    expect(some).toEqual(expected.slice(3, 7).flatMap(row => [element(row, 0), element(row, 1)]))
    expect(valuesOf(gatherRows(bytesOf(order), layout, [12], 0, 1))).toEqual(expected)
  })

  test('of weights that are stored less one are one more', () => {
    expect([...restoreValues(Float32Array.of(-1, 0, 0.5), { type: 'less-one' }, 1)]).toEqual([0, 1, 1.5])
  })

  test('of numbers are themselves, or their softplus, which does not overflow', () => {
    const values = Float32Array.of(-200, 0, 1, 200)
    expect(restoreValues(values, { type: 'number', isSoftplus: false }, 1)).toEqual(values)
    const expected = Float32Array.of(Math.exp(-200), Math.LN2, Math.log(1 + Math.E), 200)
    expect(restoreValues(values, { type: 'number', isSoftplus: true }, 1)).toEqual(expected)
  })
})

describe('a checkpoint in the terms of the graph', () => {
  const checkpoint = (encoding: Encoding, hasPlainLayout = false): Checkpoint => ({
    name: 'model.safetensors',
    describedBy: 'config.json',
    hasPlainLayout,
    unusable: new Map(),
    tensors: new Map([['w', { file: 'f', storedName: 'w', shape: [3, 5], encoding }]]),
    files: [],
  })
  const layouts = new Map([['w', { type: 'transposed' }]] as const)

  test('has the shapes that the graph takes, unless it has them as it is', () => {
    const plain = { type: 'F32' }
    expect(withLayouts(checkpoint(plain), layouts).tensors.get('w')).toMatchObject({
      shape: [5, 3],
      encoding: { type: 'F32', layout: { type: 'transposed' } },
    })
    expect(withLayouts(checkpoint(plain, true), layouts).tensors.get('w')?.shape).toEqual([3, 5])
  })

  test('is refused where such a tensor is packed', () => {
    const packed = { type: 'GPTQ', parts: [], unpacking: { kind: 'float4' } } as const
    expect(() => withLayouts(checkpoint(packed), layouts)).toThrow(UnsupportedModel)
    expect(() => withLayouts(checkpoint(packed), layouts)).toThrow('w is a matrix of GPTQ')
  })
})
