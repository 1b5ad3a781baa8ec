import type { MatrixFormat } from '../kernels/matrix-format'
import type { RawRows } from '../loader'
import type { PackedSlab } from './pack-slab'
import type { Packer } from './packer'

/**
 * Packs rows as they come and hands them to `take`, in any order. Reads no further ahead than the packer can use.
 * @throws what the rows, the packer or `take` throws first
 */
export async function packAll(
  rows: AsyncIterable<RawRows>,
  packer: Packer | Promise<Packer>,
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
      const packed = await (await packer).pack({ raw, format: formatOf(raw.name) })
      if (failures.length === 0) await take(raw, packed)
    } catch (error) {
      failures.push(error)
    }
  }
  try {
    for await (const raw of rows) {
      const task = run(raw).then(() => void running.delete(task))
      running.add(task)
      await settle((await packer).maxSlabs - 1)
    }
  } catch (error) {
    failures.push(error)
  }
  // nothing goes on behind the back of who is told of a failure
  await settle(0)
}
