import { type FileRange, rangeOf, type StoredTensor, type WeightFile } from '../weights/checkpoint'

/**
 * The ranges of a file in the order in which they are to be read: one, or two if the file holds the integers of many
 * quantised matrices before their scales, as Hugging Face's safetensors library writes them (I32 before F16): then first the
 * range that begins with the scales, which are small enough to wait for the integers. Where more than `maxBytes` would wait, as
 * in MLX's files, which have no order, matrix by matrix.
 */
export function readingOrder({ stored }: WeightFile, maxBytes: number): readonly FileRange[] {
  const names = stored.map(({ part }) => part)
  const lastPart = Math.max(
    0,
    ...[...new Set(names)].filter(name => name !== undefined).map(name => names.indexOf(name)),
  )
  const orders = [stored, [...stored.slice(lastPart), ...stored.slice(0, lastPart)]]
  const [least] = orders.map(order => ({ order, waiting: mostWaiting(order) })).sort((a, b) => a.waiting - b.waiting)
  return ranges(least.waiting <= maxBytes ? least.order : byMatrix(stored))
}

/** The most bytes of parts that wait for others of their matrix. */
function mostWaiting(order: readonly StoredTensor[]): number {
  const left = new Map<string, number>()
  for (const { tensor, part } of order) if (tensor && part) left.set(tensor, (left.get(tensor) ?? 0) + 1)
  const held = new Map<string, number>()
  let [waiting, most] = [0, 0]
  for (const { tensor, part, begin, end } of order) {
    if (!tensor || !part) continue
    const count = (left.get(tensor) ?? 0) - 1
    left.set(tensor, count)
    const bytes = (held.get(tensor) ?? 0) + end - begin
    held.set(tensor, bytes)
    waiting += end - begin
    most = Math.max(most, waiting)
    if (count === 0) waiting -= bytes
  }
  return most
}

/** Each matrix's parts where the first of them lies. */
function byMatrix(stored: readonly StoredTensor[]): readonly StoredTensor[] {
  const parts = new Map<string, StoredTensor[]>()
  const matrices = stored.map(place => {
    if (!place.tensor || !place.part) return [place]
    const known = parts.get(place.tensor)
    if (known) {
      known.push(place)
      return []
    }
    const own = [place]
    parts.set(place.tensor, own)
    return own
  })
  return matrices.flat()
}

/** The ranges of tensors that lie one behind the other. */
function ranges(order: readonly StoredTensor[]): readonly FileRange[] {
  const runs: StoredTensor[][] = [[]]
  for (const place of order) {
    const run = runs[runs.length - 1]
    if (run.length === 0 || run[run.length - 1].end === place.begin) run.push(place)
    else runs.push([place])
  }
  return runs.map(rangeOf)
}
