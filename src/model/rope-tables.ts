import type { ModelConfig, Rope } from '../core/model-config'
import type { BufferMaker } from '../gpu/paper'
import { COPY_DST, STORAGE } from '../gpu/usage'
import { ropeTable } from '../kernels/rope-table'

/** The tables of angles of a model's rotations, each f32 [contextLength, rope.dim / 2, 2]. */
export type RopeTables = ReadonlyMap<Rope, GPUBuffer>

/** Tables of zeros, to be filled by `writeRopeTables`. */
export function createRopeTables(gpu: BufferMaker, { layers }: ModelConfig, contextLength: number): RopeTables {
  const ropes = new Set(layers.flatMap(({ rope }) => rope ?? []))
  const create = ({ dim }: Rope) => gpu.createBuffer('rope table', contextLength * dim * 4, STORAGE | COPY_DST)
  return new Map(Array.from(ropes, rope => [rope, create(rope)]))
}

/**
 * Fills tables that were made for contexts of this length, in tokens. `longest`: the context by which models choose how far they turn,
 * if that is another.
 */
export function writeRopeTables(
  { device }: BufferMaker,
  tables: RopeTables,
  contextLength: number,
  longest = contextLength,
): void {
  for (const [rope, buffer] of tables) {
    device.queue.writeBuffer(buffer, 0, ropeTable(rope, longest).subarray(0, contextLength * rope.dim))
  }
}
