import type { Run } from './prefix-run'
import type { RadixNode } from './radix-tree'

/** Runs as two lists of numbers, which cross threads at no cost to speak of; events.ts says what stands in them. */
export function treeRows(nodes: readonly RadixNode<Run>[], numGroups: number) {
  let numBlocks = 0
  for (const { value } of nodes) for (const { blocks, numFreed } of value.tables) numBlocks += blocks.length - numFreed
  const runs = new Int32Array(nodes.length * (7 + numGroups))
  const allBlocks = new Int32Array(numBlocks)
  let at = 0
  let block = 0
  for (const { id, parent, start, end, value } of nodes) {
    const { numComputed, claims, locks, tables } = value
    runs[at++] = id
    runs[at++] = parent?.parent ? parent.id : 0
    runs[at++] = start
    runs[at++] = end
    runs[at++] = numComputed
    runs[at++] = claims
    runs[at++] = locks
    for (const { blocks, numFreed } of tables) {
      runs[at++] = blocks.length - numFreed
      for (let index = numFreed; index < blocks.length; index++) allBlocks[block++] = blocks[index]
    }
  }
  return { runs, blocks: allBlocks }
}
