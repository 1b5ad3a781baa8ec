import type { ChunkBlocks, Copy } from '../core/batch'
import type { BlockTable } from '../core/block'

/** The first blocks of running sequences' tables, which only grow: in most steps they are those of the step before. */
export class TableSnapshots {
  readonly #last = new WeakMap<BlockTable, ChunkBlocks>()

  /** `length`: in blocks. */
  of(table: BlockTable, length: number, copies?: readonly Copy[]): ChunkBlocks {
    if (copies) return { blockTable: table.blocks.slice(0, length), copies }
    const last = this.#last.get(table)
    if (last?.blockTable.length === length) return last
    const next = { blockTable: table.blocks.slice(0, length), copies: [] }
    this.#last.set(table, next)
    return next
  }
}
