import type { Gpu } from '../../gpu/device'
import { type Checkpoint, type ModelSource, type StreamOptions, streamRows, withLayouts } from '../../loader'
import type { Weights } from '../../model/weights'
import { openPacker } from '../../packing/open-packer'
import { packAll } from '../../packing/pack-all'
import type { Settings } from '../options'
import { phaseTeller } from './load-phases'
import { type WeightKind, WeightReport } from './weight-report'

const MIB = 2 ** 20
/** Bytes handed to the GPU that it may not have taken yet: bounds the copies that the browser holds. */
const MAX_QUEUED_BYTES = 64 * MIB

/**
 * Streams a checkpoint into the GPU's buffers, slab by slab: memory holds a few slabs, never the model. This thread only
 * moves bytes; a worker decodes and packs them. Says what the weights are kept as, and why no worker packed, if none did.
 */
export async function loadWeights(
  gpu: Gpu,
  source: ModelSource,
  checkpoint: Checkpoint,
  weights: Weights,
  { signal, onProgress, packing }: Pick<Settings, 'signal' | 'onProgress' | 'packing'>,
): Promise<{ readonly kinds: readonly WeightKind[]; readonly decision: string | undefined }> {
  const report = new WeightReport()
  const tell = phaseTeller({ onProgress })
  const options: StreamOptions = {
    signal,
    onProgress: progress => {
      const { file, loadedBytes, totalBytes } = progress
      const text = `Loading ${file}: ${(loadedBytes / MIB).toFixed(1)} of ${(totalBytes / MIB).toFixed(1)} MiB`
      tell('weights', loadedBytes, totalBytes, { ...progress, text })
    },
  }
  let queuedBytes = 0
  let taken: Promise<unknown> = Promise.resolve()
  // workers start while the file is opened
  const opened = openPacker(packing)
  const packer = opened.then(({ packer }) => packer)
  try {
    await packAll(
      streamRows(source, withLayouts(checkpoint, weights.layouts), weights.expected, options),
      packer,
      name => weights.formatOf(name),
      async ({ name, firstRow, numRows, cols, encoding }, { rows, loss }) => {
        weights.write(name, firstRow, rows)
        report.add(encoding.type, weights.formatOf(name), numRows * cols, loss)
        queuedBytes += rows instanceof Float32Array ? rows.byteLength : rows.weights.byteLength + rows.scales.byteLength
        if (queuedBytes < MAX_QUEUED_BYTES / 2) return
        queuedBytes = 0
        const before = taken
        taken = gpu.device.queue.onSubmittedWorkDone()
        await before
        gpu.throwIfLost()
      },
    )
  } finally {
    ;(await packer).close()
  }
  const { reason } = await opened
  return {
    kinds: report.kinds,
    decision: reason && `weights packed on this thread, which is busy meanwhile: ${reason}`,
  }
}
