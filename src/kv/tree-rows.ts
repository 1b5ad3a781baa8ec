import { heldBlocks } from './block-table'
import type { Run } from './prefix-run'
import type { RadixNode } from './radix-tree'

/** Runs as two lists of numbers, which cross threads at no cost to speak of; events.ts says what stands in them. */
export function treeRows(nodes: Iterable<RadixNode<Run>>) {
  const runs: number[] = []
  const blocks: number[] = []
  for (const { id, parent, start, end, value } of nodes) {
    const { numComputed, claims, locks, tables } = value
    runs.push(id, parent?.parent ? parent.id : 0, start, end, numComputed, claims, locks)
    for (const table of tables) {
      runs.push(table.blocks.length - table.numFreed)
      for (const block of heldBlocks(table)) blocks.push(block)
    }
  }
  return { runs: Int32Array.from(runs), blocks: Int32Array.from(blocks) }
}
