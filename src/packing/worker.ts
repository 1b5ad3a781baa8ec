/** The worker that packs weights, off the thread of the page. */
import { toPlainError } from '../core/plain-error'
import { packSlab } from './pack-slab'
import { type Answer, READY, type Task } from './protocol'

self.onmessage = ({ data: { id, slab } }: MessageEvent<Task>) => {
  let answer: Answer
  let transfer: ArrayBuffer[] = []
  try {
    const packed = packSlab(slab)
    answer = { id, packed }
    transfer =
      packed.rows instanceof Float32Array
        ? [packed.rows.buffer]
        : [packed.rows.weights.buffer, packed.rows.scales.buffer]
  } catch (error) {
    answer = { id, error: toPlainError(error) }
  }
  self.postMessage(answer, { transfer })
}

self.postMessage(READY)
