import type { Chunk } from '../core/batch'
import { BLOCK_LEN } from '../core/block'
import { type AttentionLayout, checkLayout, type PlanCapacity, rowsPerTile } from './attention-layout'
import { RecordList } from './record-list'

/** The slot of a row with a single segment: its output is final and needs no merge. */
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
   * the blocks from `blocks[firstBlock]` on. A row sees the keys at positions up to its own only; it sees at least one.
   */
  readonly items: readonly Uint32Array<ArrayBuffer>[]
  /** `[numRows][token, position, slot]`; slot: where its partial result goes, or `DIRECT`. */
  readonly rows: Uint32Array<ArrayBuffer>
  /** `[numBlocks]` block ids: the chunks' tables, one after another. */
  readonly blocks: Uint32Array<ArrayBuffer>
  /** `[numMerges][token, firstSlot, numSlots]`: the token's output is the merge of these partial results, in key order. */
  readonly merges: Uint32Array<ArrayBuffer>
  readonly numPartialSlots: number
}

/**
 * Makes attention plans. A row is one query token; its keys are cut into segments at fixed positions, and a row with
 * several gets one partial result each, which a merge joins in order (flash-decoding; the merge is exact:
 * Hydragen, arXiv:2402.05099 §3.1). Because cuts depend on positions only, the arithmetic done for a row never
 * depends on the batch or the chunking, and batched equals alone bit for bit.
 *
 * A work item is a set of rows and the run of blocks they all read. Its rows are a list of their own, so that an item
 * could just as well hold the rows of many sequences over a prefix they share.
 */
export class AttentionPlanner {
  readonly #segmentTokens: number
  readonly #rowsPerTile: readonly number[]
  /** Rows that fit in the largest tile. */
  readonly #maxRows: number
  readonly #items: readonly RecordList[]
  readonly #rows: RecordList
  readonly #blocks: RecordList
  readonly #merges: RecordList
  #numSlots = 0

  constructor(layout: AttentionLayout, capacity: PlanCapacity) {
    checkLayout(layout)
    this.#segmentTokens = layout.segmentTokens
    this.#rowsPerTile = rowsPerTile(layout)
    this.#maxRows = Math.max(...this.#rowsPerTile)
    this.#items = capacity.items.map(numItems => new RecordList(numItems, ITEM_FIELDS))
    this.#rows = new RecordList(capacity.rows, ROW_FIELDS)
    this.#blocks = new RecordList(capacity.blocks, 1)
    this.#merges = new RecordList(capacity.merges, MERGE_FIELDS)
  }

  plan(chunks: readonly Pick<Chunk, 'start' | 'count' | 'blockTable'>[]): AttentionPlan {
    for (const list of [...this.#items, this.#rows, this.#blocks, this.#merges]) list.clear()
    this.#numSlots = 0
    let token = 0
    for (const { start, count, blockTable } of chunks) {
      const firstBlock = this.#blocks.push(blockTable)
      for (let done = 0; done < count; ) {
        const position = start + done
        const leftInSegment = this.#segmentTokens - (position % this.#segmentTokens)
        const numRows = Math.min(count - done, leftInSegment, this.#maxRows)
        this.#planRows(token + done, position, numRows, firstBlock)
        done += numRows
      }
      token += count
    }
    return {
      items: this.#items.map(list => list.values),
      rows: this.#rows.values,
      blocks: this.#blocks.values,
      merges: this.#merges.values,
      numPartialSlots: this.#numSlots,
    }
  }

  /** Consecutive rows of one chunk that end in the same segment, hence have equally many: one item for each of those. */
  #planRows(token: number, position: number, numRows: number, firstBlock: number): void {
    const numSegments = Math.floor(position / this.#segmentTokens) + 1
    const firstSlot = numSegments === 1 ? DIRECT : this.#takeSlots(token, numRows, numSegments)
    for (let segment = 0; segment < numSegments; segment++) {
      const firstRow = this.#rows.length
      for (let row = 0; row < numRows; row++) {
        const slot = firstSlot === DIRECT ? DIRECT : firstSlot + row * numSegments + segment
        this.#rows.push([token + row, position + row, slot])
      }
      const firstKeyPosition = segment * this.#segmentTokens
      const numKeys = Math.min(this.#segmentTokens, position + numRows - firstKeyPosition)
      this.#addItem(firstRow, firstBlock + firstKeyPosition / BLOCK_LEN, numKeys, firstKeyPosition)
    }
  }

  /** Gives each of the rows `numSegments` slots in a run, has them merged, and returns the first. */
  #takeSlots(token: number, numRows: number, numSegments: number): number {
    const firstSlot = this.#numSlots
    for (let row = 0; row < numRows; row++) {
      this.#merges.push([token + row, firstSlot + row * numSegments, numSegments])
    }
    this.#numSlots += numRows * numSegments
    return firstSlot
  }

  /** The rows from `firstRow` to the end of the list become an item, of the smallest tile that holds them. */
  #addItem(firstRow: number, firstBlock: number, numKeys: number, firstKeyPosition: number): void {
    const numRows = this.#rows.length - firstRow
    const tile = this.#rowsPerTile.findIndex(capacity => capacity >= numRows)
    this.#items[tile].push([firstRow, numRows, firstBlock, numKeys, firstKeyPosition])
  }
}
