import type { Gpu } from '../gpu/device'
import { type ModelSource, slabToFloat32, streamTensors } from '../loader'
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
  const tensors = streamTensors(source, weights.expected, {
    signal,
    onProgress: progress => {
      const { file, loadedBytes, totalBytes } = progress
      const total = totalBytes === undefined ? '' : ` of ${(totalBytes / MIB).toFixed(1)}`
      onProgress?.({ ...progress, text: `Loading ${file}: ${(loadedBytes / MIB).toFixed(1)}${total} MiB` })
    },
  })
  let floats = new Float32Array(0)
  let queuedBytes = 0
  for await (const slab of tensors) {
    const length = slab.data.length / DTYPE_BYTES[slab.dtype]
    if (floats.length < length) floats = new Float32Array(length)
    const values = floats.subarray(0, length)
    slabToFloat32(slab, values)
    weights.write(slab.name, slab.firstRow, values)
    queuedBytes += values.byteLength
    if (queuedBytes < MAX_QUEUED_BYTES) continue
    queuedBytes = 0
    await gpu.device.queue.onSubmittedWorkDone()
    gpu.throwIfLost()
  }
}
