import type { StoredTensor, WeightFile } from './checkpoint'

/** A range of a file, bytes [begin, end) of its weights: tensors that lie one behind the other. */
export interface FileRange {
  readonly begin: number
  readonly end: number
  readonly stored: readonly StoredTensor[]
}

/**
 * The ranges of a file in the order in which they are to be read: one, or two if the file holds the integers of many
 * quantised matrices before their scales, as Hugging Face's safetensors library writes them (I32 before F16). Then first
 * the range that begins with the scales, which are small enough to wait for the integers.
 */
export function readingOrder({ stored }: WeightFile): readonly FileRange[] {
  const scales = stored.findIndex(({ part }) => part === 'scales')
  const matricesBefore = stored.slice(0, Math.max(0, scales)).filter(({ part }) => part === 'qweight')
  if (matricesBefore.length < 2) return [range(stored)]
  return [range(stored.slice(scales)), range(stored.slice(0, scales))]
}

function range(stored: readonly StoredTensor[]): FileRange {
  return { begin: stored[0]?.begin ?? 0, end: stored.at(-1)?.end ?? 0, stored }
}
