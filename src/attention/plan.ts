import { BLOCK_LEN } from '../core/block'
import { AttentionCost, type AttentionCosts, DEFAULT_COSTS, READING_COSTS } from './cost'
import { AttentionCuts, slotsBefore } from './cuts'
import { type AttentionChunk, PrefixForest, type PrefixLeaf, type PrefixNode } from './forest'
import { type AttentionLayout, checkLayout, type PlanCapacity, rowsPerTile } from './layout'
import { RecordList } from './record-list'
import { chunksInSight } from './window'

/** The slot of a row with a single item: its output is final and needs no merge. */
export const DIRECT = 0xffffffff

/** u32 in a record of `AttentionPlan.items`. */
export const ITEM_FIELDS = 5
/** u32 in a record of `AttentionPlan.rows`. */
export const ROW_FIELDS = 3
/** u32 in a record of `AttentionPlan.merges`. */
export const MERGE_FIELDS = 3

/**
 * The attention of one step as work for one kernel family. Flat u32 arrays, ready for upload; views that are valid until
 * the next plan is made. Tokens are indices into the step's flat list: the chunks' tokens, one chunk after another.
 */
export interface AttentionPlan {
  /**
   * For each tile, `[numItems][firstRow, numRows, firstBlock, numKeys, firstKeyPosition]`: rows
   * `[firstRow, firstRow + numRows)` of `rows` against the keys at positions `firstKeyPosition + [0, numKeys)`, which lie in
   * the blocks from `blocks[firstBlock]` on. A row sees the keys at positions up to its own and within its window only;
   * it sees some of each segment. An item may begin with any segment, and holds any number of keys, which the kernel takes
   * segment by segment; one that is not the first of its rows is a segment at most.
   */
  readonly items: readonly Uint32Array<ArrayBuffer>[]
  /** `[numRows][token, position, slot]`; slot: where its state goes, or `DIRECT`. */
  readonly rows: Uint32Array<ArrayBuffer>
  /** `[numBlocks]` block ids: runs of the chunks' tables. */
  readonly blocks: Uint32Array<ArrayBuffer>
  /** `[numMerges][token, firstSlot, numSlots]`: the token's output is the merge of these states, in key order. */
  readonly merges: Uint32Array<ArrayBuffer>
  readonly numPartialSlots: number
  /** Keys of all items: what a layer reads for each KV head. */
  readonly numKeysRead: number
}

export const ATTENTION_MODES = ['shared', 'split', 'flat'] as const

/**
 * How blocks that several chunks share are read: `shared`: once for all where that is cheaper; `split`: once wherever
 * possible; `flat`: once for each.
 */
export type AttentionMode = (typeof ATTENTION_MODES)[number]

export interface PlannerOptions {
  /** Default `shared`. `skip` plans nothing, to measure what attention costs: the answers are wrong. */
  readonly mode?: AttentionMode | 'skip'
  /** How many items of equal length would fill the device. */
  readonly wantedItems?: number
  readonly costs?: AttentionCosts
  /** Tokens that a token sees, itself among them. Default: all before it. */
  readonly window?: number
}

/** Items that, times a few KV heads, are enough workgroups for a large GPU and not too many for a small one. */
const DEFAULT_WANTED_ITEMS = 128

/**
 * Makes attention plans. A row is one query token; each segment of its keys, cut at fixed positions, gives a softmax
 * state, and the states are joined one after another in key order, within an item by the kernel and between items by the
 * merge (flash-decoding; it is exact: Hydragen, arXiv:2402.05099 §3.1). So the arithmetic done for a row depends on
 * its keys only, never on the plan, the batch or the chunking: plans differ in what they cost, not in a single bit.
 *
 * An item is a set of rows, of any chunks, and the run of blocks they all read. Which rows go together follows from where
 * each chunk is cut (cuts.ts) and which chunks read the same blocks (forest.ts).
 */
export class AttentionPlanner {
  readonly #mode: AttentionMode | 'skip'
  readonly #window: number
  readonly #segmentTokens: number
  readonly #segmentBlocks: number
  readonly #rowsPerTile: readonly number[]
  /** Rows that fit in the largest tile. */
  readonly #maxRows: number
  readonly #forest: PrefixForest
  readonly #cuts: AttentionCuts
  readonly #items: readonly RecordList[]
  readonly #rows: RecordList
  readonly #blocks: RecordList
  readonly #merges: RecordList
  readonly #lists: readonly RecordList[]
  #numKeysRead = 0

  constructor(layout: AttentionLayout, capacity: PlanCapacity, options: PlannerOptions = {}) {
    checkLayout(layout)
    const { mode = 'shared', wantedItems = DEFAULT_WANTED_ITEMS, costs = DEFAULT_COSTS } = options
    this.#mode = mode
    this.#window = options.window ?? Number.POSITIVE_INFINITY
    this.#segmentTokens = layout.segmentTokens
    this.#segmentBlocks = layout.segmentTokens / BLOCK_LEN
    this.#rowsPerTile = rowsPerTile(layout)
    this.#forest = new PrefixForest(layout.segmentTokens, mode !== 'flat')
    const cost = new AttentionCost(layout, mode === 'split' ? READING_COSTS : costs)
    this.#maxRows = cost.maxRows
    this.#cuts = new AttentionCuts(cost, capacity.slots, wantedItems)
    this.#items = capacity.items.map(numItems => new RecordList(numItems, ITEM_FIELDS))
    this.#rows = new RecordList(capacity.rows, ROW_FIELDS)
    this.#blocks = new RecordList(capacity.blocks, 1)
    this.#merges = new RecordList(capacity.merges, MERGE_FIELDS)
    this.#lists = [...this.#items, this.#rows, this.#blocks, this.#merges]
  }

  plan(chunks: readonly AttentionChunk[]): AttentionPlan {
    for (const list of this.#lists) list.clear()
    this.#numKeysRead = 0
    this.#forest.update(this.#mode === 'skip' ? [] : chunksInSight(chunks, this.#window, this.#segmentTokens))
    const numPartialSlots = this.#cuts.choose(this.#forest)
    this.#addMerges()
    this.#addNode(this.#forest.root)
    return {
      items: this.#items.map(list => list.values),
      rows: this.#rows.values,
      blocks: this.#blocks.values,
      merges: this.#merges.values,
      numPartialSlots,
      numKeysRead: this.#numKeysRead,
    }
  }

  #addMerges(): void {
    for (const leaf of this.#forest.leaves) {
      const { start, count } = leaf.chunk
      for (let at = Math.max(start, leaf.cut * this.#segmentTokens); at < start + count; at++) {
        const numSlots = Math.floor(at / this.#segmentTokens) + 2 - leaf.cut
        this.#merges.push(leaf.firstToken + at - start, this.#firstSlot(leaf, at), numSlots)
      }
    }
  }

  /** The items of the node's segments: for the rows that are cut in this node, up to the cut, and from there on. */
  #addNode(node: PrefixNode): void {
    const { start, end } = node
    // rows are cut where a node ends or, all the others, at one segment, so those that are cut in this node are cut alike
    let cut = 0
    let firstCut = end
    let last = this.#forest.leaves[node.first]
    for (let i = node.first; i < node.last; i++) {
      const leaf = this.#forest.leaves[i]
      firstCut = Math.min(firstCut, leaf.cut)
      if (leaf.cut > start && leaf.cut <= end) cut = leaf.cut
      if (leaf.chunk.start < last.chunk.start) last = leaf
    }
    if (cut > 0 || firstCut < end) {
      const from = (cut > 0 ? 0 : start) * this.#segmentBlocks
      // who is behind all others has given up the fewest blocks
      const { blockTable } = last.chunk
      const to = Math.min(blockTable.length, end * this.#segmentBlocks)
      const firstBlock = this.#blocks.pushFrom(blockTable, from, to) - from
      if (cut > 0) this.#addItems(node, 0, cut, firstBlock)
      for (let segment = Math.max(start, firstCut); segment < end; segment++) {
        this.#addItems(node, segment, segment + 1, firstBlock)
      }
    }
    for (const child of node.children) this.#addNode(child)
  }

  /**
   * Items of the keys of segments [from, to), for the rows that are cut there (from = 0) or before. `firstBlock` is that of
   * segment 0.
   */
  #addItems(node: PrefixNode, from: number, to: number, firstBlock: number): void {
    const firstKey = from * this.#segmentTokens
    const endKey = to * this.#segmentTokens
    // the same for all rows of the node, since it is where they read the same blocks
    const { firstKey: origin = 0 } = this.#forest.leaves[node.first].chunk
    const block = firstBlock + from * this.#segmentBlocks
    let firstRow = this.#rows.length
    let end = 0
    for (let i = node.first; i < node.last; i++) {
      const leaf = this.#forest.leaves[i]
      if (from === 0 ? leaf.cut !== to : leaf.cut > from) continue
      const { start, count } = leaf.chunk
      for (let at = Math.max(start, firstKey); at < start + count; at++) {
        this.#rows.push(leaf.firstToken + at - start, origin + at, this.#slot(leaf, at, from))
        end = Math.max(end, at + 1)
        if (this.#rows.length - firstRow < this.#maxRows) continue
        this.#addItem(firstRow, block, Math.min(end, endKey) - firstKey, origin + firstKey)
        firstRow = this.#rows.length
        end = 0
      }
    }
    if (this.#rows.length > firstRow)
      this.#addItem(firstRow, block, Math.min(end, endKey) - firstKey, origin + firstKey)
  }

  /** The rows from `firstRow` to the end of the list become an item, of the smallest tile that holds them. */
  #addItem(firstRow: number, firstBlock: number, numKeys: number, firstKey: number): void {
    const numRows = this.#rows.length - firstRow
    let tile = 0
    while (this.#rowsPerTile[tile] < numRows) tile++
    this.#items[tile].push(firstRow, numRows, firstBlock, numKeys, firstKey)
    this.#numKeysRead += numKeys
  }

  /** The slot of the row at `position`, for an item from segment `from` on. */
  #slot(leaf: PrefixLeaf, position: number, from: number): number {
    if (position < leaf.cut * this.#segmentTokens) return DIRECT
    return this.#firstSlot(leaf, position) + (from === 0 ? 0 : from + 1 - leaf.cut)
  }

  #firstSlot(leaf: PrefixLeaf, position: number): number {
    return leaf.firstSlot + slotsBefore(leaf, position, leaf.cut, this.#segmentTokens)
  }
}
