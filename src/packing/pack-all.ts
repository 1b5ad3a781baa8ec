import type { MatrixFormat } from '../kernels/matrix-format'
import type { RawRows } from '../loader'
import type { PackedSlab } from './pack-slab'
import type { Packer } from './packer'

/** Slabs that are being packed or wait for it: enough that the packer never idles, few enough that memory stays small. */
const MAX_SLABS = 4

/**
 * Packs rows as they come and hands them to `take`, in any order. Reads no further than `MAX_SLABS` ahead.
 * @throws what the rows, the packer or `take` throws first
 */
export async function packAll(
  rows: AsyncIterable<RawRows>,
  packer: Packer,
  formatOf: (name: string) => MatrixFormat | undefined,
  take: (raw: RawRows, packed: PackedSlab) => void | Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  const settle = async (atMost: number) => {
    while (running.size > atMost) await Promise.race(running)
    if (failures.length > 0) throw failures[0]
  }
  const run = async (raw: RawRows) => {
    try {
      await take(raw, await packer.pack({ raw, format: formatOf(raw.name) }))
    } catch (error) {
      failures.push(error)
    }
  }
  for await (const raw of rows) {
    const task = run(raw).then(() => void running.delete(task))
    running.add(task)
    await settle(MAX_SLABS - 1)
  }
  await settle(0)
}
