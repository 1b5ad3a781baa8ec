import { abortError, CorruptCheckpoint } from '../../core/errors'
import type { ModelSource } from '../sources/source'
import { checkTensors, isSpareBias, type TensorShapes } from './check-tensors'
import {
  type Checkpoint,
  type PartGatherer,
  type RawRows,
  type RowEncoding,
  rangeOf,
  type SourceTensor,
  type StoredTensor,
} from './checkpoint'
import { slabRows, tensorSize } from './slab'
import { gatherRows, isReordered } from './tensor-layout'
import { WeightStream } from './weight-stream'

/** Progress of loading weights. Bytes are those of tensors: headers do not count. */
export interface LoadProgress {
  readonly file: string
  readonly loadedBytes: number
  /** Bytes of all files. */
  readonly totalBytes: number
  readonly fileLoadedBytes: number
  readonly fileTotalBytes: number
}

export interface StreamOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: LoadProgress) => void
  /** Most elements in a slab, unless 16 rows (or a head of q or k in GGUF's order) have more. */
  readonly maxSlabElements?: number
}

/** Most elements in a slab, 4 MiB as f32: messages cost nothing then, and a page without a worker stays responsive. */
const MAX_SLAB_ELEMENTS = 2 ** 20

/**
 * Streams the weights of a model as slabs of whole rows, so that memory holds slabs and not tensors: each file once, in
 * its order. The parts of a quantised matrix are gathered first.
 * @param expected exactly the tensors that the model needs
 * @throws CorruptCheckpoint if the checkpoint has others, before any weight has streamed
 */
export async function* streamRows(
  source: ModelSource,
  checkpoint: Checkpoint,
  expected: TensorShapes,
  { signal, onProgress, maxSlabElements = MAX_SLAB_ELEMENTS }: StreamOptions = {},
): AsyncGenerator<RawRows, void, undefined> {
  if (signal?.aborted) throw abortError(signal)
  checkTensors(checkpoint, expected)
  const parts = checkpoint.gatherParts?.(expected, maxSlabElements)
  const totalBytes = checkpoint.files.reduce((sum, { stored }) => sum + (stored.at(-1)?.end ?? 0), 0)
  let finishedBytes = 0
  for (const file of checkpoint.files) {
    const fileTotalBytes = file.stored.at(-1)?.end ?? 0
    let fileLoadedBytes = 0
    for (const { begin, end, stored } of parts?.order(file) ?? [rangeOf(file.stored)]) {
      const stream = await WeightStream.open(source, file, signal, begin)
      const before = fileLoadedBytes
      const report = () => {
        const loaded = before + Math.min(stream.position, end) - begin
        if (loaded === fileLoadedBytes) return
        fileLoadedBytes = loaded
        const loadedBytes = finishedBytes + fileLoadedBytes
        onProgress?.({ file: file.name, loadedBytes, totalBytes, fileLoadedBytes, fileTotalBytes })
      }
      try {
        for await (const slab of slabsOf(stream, stored, checkpoint, expected, parts, maxSlabElements)) {
          yield slab
          report()
        }
        await (end === fileTotalBytes ? stream.checkEnd() : stream.skipTo(end, 'in a tensor'))
        report()
      } finally {
        await stream.close()
      }
    }
    finishedBytes += fileTotalBytes
  }
}

/** The rows of tensors that lie one behind the other. */
async function* slabsOf(
  stream: WeightStream,
  stored: readonly StoredTensor[],
  { tensors }: Checkpoint,
  expected: TensorShapes,
  parts: PartGatherer | undefined,
  maxSlabElements: number,
): AsyncGenerator<RawRows> {
  for (const place of stored) {
    const name = place.tensor
    const tensor = name === undefined ? undefined : tensors.get(name)
    if (name === undefined || !tensor) continue
    const isNeeded = expected.has(name)
    if (!isNeeded && !isSpareBias(tensors, name)) continue
    await stream.skipTo(place.begin, `before tensor ${tensor.storedName}`)
    if (!isNeeded) await checkZero(stream, tensor, place)
    else if ('parts' in tensor.encoding) {
      const bytes = await stream.read(place.end - place.begin, `in a part of ${name}`)
      yield* parts?.add(name, place, bytes) ?? []
    } else yield* rowSlabs(stream, name, tensor, place, tensor.encoding, maxSlabElements)
  }
}

async function checkZero(
  stream: WeightStream,
  { file, storedName }: SourceTensor,
  stored: StoredTensor,
): Promise<void> {
  const bytes = await stream.read(stored.end - stored.begin, `in tensor ${storedName}`)
  if (bytes.every(byte => byte === 0)) return
  throw new CorruptCheckpoint(`${file}: ${storedName} is not zero, but by config.json the model has no such bias.`)
}

async function* rowSlabs(
  stream: WeightStream,
  name: string,
  { file, storedName, shape }: SourceTensor,
  { begin, end }: StoredTensor,
  encoding: RowEncoding,
  maxSlabElements: number,
): AsyncGenerator<RawRows> {
  const { totalRows, cols } = tensorSize(shape)
  const rowBytes = (end - begin) / totalRows
  const perSlab = slabRows(cols, maxSlabElements, encoding.headDim)
  const layout = isReordered(encoding.layout) ? encoding.layout : undefined
  const all = layout && (await stream.read(end - begin, `in tensor ${storedName}`))
  for (let firstRow = 0; firstRow < totalRows; firstRow += perSlab) {
    const numRows = Math.min(perSlab, totalRows - firstRow)
    const where = `in tensor ${storedName}, row ${firstRow} of ${totalRows}`
    const bytes = all ? gatherRows(all, layout, shape, firstRow, numRows) : await stream.read(numRows * rowBytes, where)
    yield { file, name, firstRow, numRows, cols, encoding, bytes }
  }
}
