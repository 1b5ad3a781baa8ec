import { UnsupportedModel } from '../../core/errors'
import type { TensorLayout } from '../../core/model-config'
import type { Checkpoint, SourceTensor } from './checkpoint'

/** Layouts by the names of tensors. */
export type TensorLayouts = ReadonlyMap<string, TensorLayout>

/**
 * A checkpoint in the terms of the graph: tensors that it stores otherwise have the shape that the graph takes, and an
 * encoding that says how they are stored.
 */
export function withLayouts(checkpoint: Checkpoint, layouts: TensorLayouts): Checkpoint {
  if (checkpoint.hasPlainLayout) return checkpoint
  const tensors = new Map(checkpoint.tensors)
  for (const [name, layout] of layouts) {
    const tensor = tensors.get(name)
    if (tensor) tensors.set(name, withLayout(tensor, layout))
  }
  return { ...checkpoint, tensors }
}

function withLayout(tensor: SourceTensor, layout: TensorLayout): SourceTensor {
  const { file, storedName, encoding } = tensor
  if ('parts' in encoding) {
    throw new UnsupportedModel(
      `${file}: ${storedName} is a matrix of ${encoding.type}; of those that this architecture stores ${layout.type}, only F32, F16 and BF16 are supported.`,
    )
  }
  if (layout.type === 'neighbours') return { ...tensor, encoding: { ...encoding, headDim: layout.headDim } }
  const shape = shapeIn(tensor, layout)
  return { ...tensor, shape, encoding: { ...encoding, layout } }
}

function shapeIn({ shape }: SourceTensor, { type }: TensorLayout): readonly number[] {
  if (type === 'transposed') return [...shape].reverse()
  return type === 'number' && shape.length === 0 ? [1] : shape
}

/** Whether a tensor is stored in another order, so that slabs of rows are gathered from the bytes of all of it. */
export function isReordered(layout: TensorLayout | undefined): layout is Reordered {
  return layout?.type === 'transposed' || layout?.type === 'interleaved'
}

type Reordered = TensorLayout & { readonly type: 'transposed' | 'interleaved' }

/**
 * The bytes of `numRows` rows from `firstRow` on, from those of a whole tensor of `shape`. Those of a transposed matrix come
 * as it has them, in columns: [cols, numRows]. A vector is one row.
 */
export function gatherRows(
  bytes: Uint8Array,
  layout: Reordered,
  shape: readonly number[],
  firstRow: number,
  numRows: number,
): Uint8Array<ArrayBuffer> {
  const [totalRows, cols = 1] = shape
  const elementBytes = bytes.length / totalRows / cols
  if (layout.type === 'transposed') {
    const columnAt = (k: number) => k * totalRows + firstRow
    return gather(bytes, numRows * elementBytes, cols, k => columnAt(k) * elementBytes)
  }
  const count = shape.length === 1 ? totalRows : numRows
  const rowBytes = cols * elementBytes
  return gather(bytes, rowBytes, count, row => storedRow(layout, totalRows, firstRow + row) * rowBytes)
}

/** Copies `count` pieces of `pieceBytes`, piece i from byte `from(i)` on. */
function gather(bytes: Uint8Array, pieceBytes: number, count: number, from: (index: number) => number) {
  const out = new Uint8Array(count * pieceBytes)
  for (let index = 0; index < count; index++) {
    const begin = from(index)
    out.set(bytes.subarray(begin, begin + pieceBytes), index * pieceBytes)
  }
  return out
}

/** The place among stored rows, [head, part, row of the head], of a row of the graph's, [part, head, row of the head]. */
function storedRow(
  { heads, parts }: Reordered & { readonly type: 'interleaved' },
  totalRows: number,
  row: number,
): number {
  const headRows = totalRows / heads / parts
  const block = Math.floor(row / headRows)
  return ((block % heads) * parts + Math.floor(block / heads)) * headRows + (row % headRows)
}

/** Values of the graph's rows, [numRows, cols], from those of gathered bytes. */
export function restoreValues(
  values: Float32Array<ArrayBuffer>,
  layout: TensorLayout,
  numRows: number,
): Float32Array<ArrayBuffer> {
  const { type } = layout
  if (type === 'less-one') return values.map(value => 1 + value)
  if (type === 'number') return layout.isSoftplus ? values.map(softplus) : values
  if (type === 'interleaved') return values
  const cols = values.length / numRows
  const out = new Float32Array(values.length)
  for (let row = 0, at = 0; row < numRows; row++) {
    for (let k = 0; k < cols; k++) out[at++] = values[k * numRows + row]
  }
  return out
}

/** log(1 + exp(x)), without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}
