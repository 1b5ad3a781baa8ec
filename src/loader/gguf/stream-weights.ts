import { abortError, CorruptCheckpoint } from '../../core/errors'
import { checkNames, type TensorShapes } from '../check-tensors'
import type { StreamOptions } from '../checkpoint'
import type { ModelSource } from '../source'
import { llamaFields, readHeadDim } from './config'
import { hasInterleavedHeads, splitHeadPairs } from './head-order'
import { type GgufModel, openGguf } from './model'
import { huggingFaceName, ROPE_FACTORS } from './tensor-names'
import { TensorReader } from './tensor-reader'
import type { GgufTensor } from './tensor-table'

/** Some whole rows of a tensor, as f32; a vector is one row. */
export interface WeightRows {
  /** Hugging Face's. */
  readonly name: string
  readonly firstRow: number
  /** [rows, columns]. Reused: valid until the next are asked for. */
  readonly values: Float32Array<ArrayBuffer>
}

/** Of f32; one row, or one head of q or k, may be larger. */
const MAX_SLAB_BYTES = 8 * 2 ** 20

/**
 * Streams the weights of a GGUF model in file order, each file once, under Hugging Face's names and in its order of
 * rows. `expected` are exactly the tensors that the model needs; anything else is `CorruptCheckpoint` before any weight
 * has streamed.
 */
export async function* streamGguf(
  source: ModelSource,
  file: string,
  expected: TensorShapes,
  { signal, onProgress, maxSlabBytes = MAX_SLAB_BYTES }: StreamOptions = {},
): AsyncGenerator<WeightRows, void, undefined> {
  if (signal?.aborted) throw abortError(signal)
  const model = await openGguf(source, file, signal)
  const headDim = readHeadDim(llamaFields(model.metadata))
  checkTensors(model, expected, headDim)
  const totalBytes = model.files.reduce((sum, { tensors }) => sum + (tensors.at(-1)?.end ?? 0), 0)
  let finishedBytes = 0
  for (const header of model.files) {
    const reader = await TensorReader.open(source, header, signal)
    const fileTotalBytes = header.tensors.at(-1)?.end ?? 0
    try {
      for (const tensor of header.tensors) {
        const name = huggingFaceName(tensor.name)
        if (name === undefined || !expected.has(name)) continue
        for await (const rows of rowsOf(reader, tensor, name, headDim, maxSlabBytes)) {
          yield rows
          const fileLoadedBytes = reader.loadedBytes
          const loadedBytes = finishedBytes + fileLoadedBytes
          onProgress?.({ file: header.file, loadedBytes, totalBytes, fileLoadedBytes, fileTotalBytes })
        }
      }
      finishedBytes += fileTotalBytes
      await reader.checkEnd()
    } finally {
      await reader.close()
    }
  }
}

function checkTensors({ files, tensors }: GgufModel, expected: TensorShapes, headDim: number): void {
  const [{ file }] = files
  const weights = [...tensors.values()].filter(({ name }) => name !== ROPE_FACTORS)
  const nameOf = ({ name }: GgufTensor) => huggingFaceName(name) ?? name
  checkNames(file, weights.map(nameOf), expected)
  for (const tensor of weights) {
    const { name, shape } = tensor
    const want = expected.get(nameOf(tensor))
    if (want && want.join() !== shape.join()) {
      throw new CorruptCheckpoint(`${file}: tensor ${name} has shape [${shape}], but by the metadata it is [${want}].`)
    }
    if (hasInterleavedHeads(name) && (shape[0] % headDim !== 0 || headDim % 2 !== 0)) {
      throw new CorruptCheckpoint(`${file}: tensor ${name} has ${shape[0]} rows, not pairs in heads of ${headDim}.`)
    }
  }
}

async function* rowsOf(
  reader: TensorReader,
  tensor: GgufTensor,
  name: string,
  headDim: number,
  maxSlabBytes: number,
): AsyncGenerator<WeightRows> {
  const isVector = tensor.shape.length === 1
  const [numRows, rowLen = 1] = tensor.shape
  const isInterleaved = hasInterleavedHeads(tensor.name)
  const unitLen = isVector ? numRows : isInterleaved ? headDim * rowLen : rowLen
  let firstRow = 0
  for await (const values of reader.slabs(tensor, unitLen, maxSlabBytes / 4)) {
    yield { name, firstRow, values: isInterleaved ? splitHeadPairs(values, headDim, rowLen) : values }
    firstRow += values.length / rowLen
  }
}
