import type { Gpu } from '../gpu/device'
import {
  type ModelSource,
  type StreamOptions,
  slabToFloat32,
  streamGguf,
  streamTensors,
  type TensorSlab,
  type WeightRows,
} from '../loader'
import { DTYPE_BYTES } from '../loader/safetensors'
import type { Weights } from '../model/weights'
import type { EngineOptions } from './options'

const MIB = 2 ** 20
/** Bytes handed to the GPU before we wait for it to have taken them: bounds the copies that the browser holds. */
const MAX_QUEUED_BYTES = 64 * MIB

/** Streams a checkpoint into the GPU's buffers, slab by slab: memory holds a few slabs, never the model. */
export async function loadWeights(
  gpu: Gpu,
  source: ModelSource,
  weights: Weights,
  { signal, onProgress }: EngineOptions,
): Promise<void> {
  const options: StreamOptions = {
    signal,
    onProgress: progress => {
      const { file, loadedBytes, totalBytes } = progress
      const total = totalBytes === undefined ? '' : ` of ${(totalBytes / MIB).toFixed(1)}`
      onProgress?.({ ...progress, text: `Loading ${file}: ${(loadedBytes / MIB).toFixed(1)}${total} MiB` })
    },
  }
  const rows =
    source.gguf === undefined
      ? asFloat32(streamTensors(source, weights.expected, options))
      : streamGguf(source, source.gguf, weights.expected, options)
  let queuedBytes = 0
  for await (const { name, firstRow, values } of rows) {
    weights.write(name, firstRow, values)
    queuedBytes += values.byteLength
    if (queuedBytes < MAX_QUEUED_BYTES) continue
    queuedBytes = 0
    await gpu.device.queue.onSubmittedWorkDone()
    gpu.throwIfLost()
  }
}

async function* asFloat32(slabs: AsyncIterable<TensorSlab>): AsyncGenerator<WeightRows> {
  let floats = new Float32Array(0)
  for await (const slab of slabs) {
    const length = slab.data.length / DTYPE_BYTES[slab.dtype]
    if (floats.length < length) floats = new Float32Array(length)
    const values = floats.subarray(0, length)
    slabToFloat32(slab, values)
    yield { name: slab.name, firstRow: slab.firstRow, values }
  }
}
