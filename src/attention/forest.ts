import type { Chunk, ChunkBlocks } from '../core/batch'
import { BLOCK_LEN } from '../core/block'

/** What attention needs to know of a chunk. */
export interface AttentionChunk extends Pick<Chunk, 'start' | 'count'>, Pick<ChunkBlocks, 'blockTable'> {
  /** Where `start` and `blockTable` count from, a multiple of a segment: keys before are out of sight. Default: 0. */
  readonly firstKey?: number
}

/** A run of segments that all chunks below read; at a leaf, those that only one chunk reads. */
export class PrefixNode {
  /** Segments [start, end) of each table below. */
  start = 0
  /** The leaves below are `forest.leaves` from `first` up to before `last`. */
  first = 0
  last = 0
  /** The nodes below, in any order. */
  readonly children: PrefixNode[] = []
  /** Rows of all chunks below. This and the following are of the last choice of cuts (cuts.ts). */
  numRows = 0
  /** Cost of all segments here and below, if the keys before are read already: each is an item of its own. */
  laterCost = 0
  /** Least cost of all segments here, below and before. */
  cost = 0
  /** How many of the children, from the first, are cut where this node ends. */
  numCut = 0

  constructor(public end: number) {}
}

/** A chunk, and the segments that it shares with no one; its last row's is among them. */
export class PrefixLeaf extends PrefixNode {
  /** Index of the chunk's first row in the step's flat list. */
  firstToken = 0
  /** Segments [0, cut) of each row are one item, each later one is an item of its own. */
  cut = 0
  /** The cut if there were more slots. */
  dearCut = 0
  /** The first slot of the chunk's first row that has any. */
  firstSlot = 0
  chunk: AttentionChunk

  constructor(chunk: AttentionChunk) {
    super(0)
    this.chunk = chunk
  }
}

/**
 * Which chunks read the same blocks: a tree whose nodes are runs of segments. It relies on a law of block tables: two
 * that hold the same block at an index agree on all blocks before it. So one look tells whether two tables share a
 * segment; sorted tables have those that share anything side by side; and the tree is that of the intervals of common
 * prefix lengths (known from suffix arrays: Abouelhoda, Kurtz and Ohlebusch 2004). Only segments that lie wholly before
 * a chunk's first row count: all of its rows see all of their keys.
 *
 * As long as the tables are still sorted and neighbours have as much in common as before, the tree is the same.
 */
export class PrefixForest {
  /** Sorted by block table. */
  leaves: readonly PrefixLeaf[] = []
  /** The node of no segments, above all others. */
  root = new PrefixNode(0)
  readonly #segmentTokens: number
  readonly #shares: boolean
  readonly #batch: PrefixLeaf[] = []
  /** Segments that each leaf has in common with the one before it. */
  #common: readonly number[] = []

  /** `segmentTokens`: keys in a segment. `shares`: false leaves every chunk by itself. */
  constructor(segmentTokens: number, shares: boolean) {
    this.#segmentTokens = segmentTokens
    this.#shares = shares
  }

  /** Takes in a step's chunks. */
  update(chunks: readonly AttentionChunk[]): void {
    this.#batch.length = Math.min(this.#batch.length, chunks.length)
    let firstToken = 0
    chunks.forEach((chunk, index) => {
      this.#batch[index] ??= new PrefixLeaf(chunk)
      const leaf = this.#batch[index]
      leaf.chunk = chunk
      leaf.end = Math.ceil((chunk.start + chunk.count) / this.#segmentTokens)
      leaf.firstToken = firstToken
      firstToken += chunk.count
    })
    if (this.leaves.length !== chunks.length || !this.#isUnchanged()) this.#build()
  }

  #isUnchanged(): boolean {
    const { leaves } = this
    for (let i = 1; i < leaves.length; i++) {
      const common = this.#numCommon(leaves[i - 1], leaves[i])
      if (common !== this.#common[i] || this.#order(leaves[i - 1], leaves[i], common) > 0) return false
    }
    return true
  }

  #build(): void {
    this.leaves = this.#batch.toSorted((a, b) => this.#order(a, b, this.#numCommon(a, b)))
    this.#common = this.leaves.map((leaf, i) => (i === 0 ? 0 : this.#numCommon(this.leaves[i - 1], leaf)))
    this.root = new PrefixNode(0)
    /** From the root to the parent of the leaf before. */
    const path = [this.root]
    this.leaves.forEach((leaf, i) => {
      const common = this.#common[i]
      let parent = path[path.length - 1]
      while (parent.end > common) {
        path.pop()
        parent = path[path.length - 1]
      }
      if (parent.end < common) {
        parent = splitLastChild(parent, common)
        path.push(parent)
      }
      leaf.start = parent.end
      leaf.first = i
      parent.children.push(leaf)
      for (const node of [...path, leaf]) node.last = i + 1
    })
  }

  /** Whole segments before the first rows of both that are the same blocks. */
  #numCommon(a: PrefixLeaf, b: PrefixLeaf): number {
    let low = 0
    let high = Math.min(this.#numShareable(a), this.#numShareable(b))
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#lastBlock(a, middle) === this.#lastBlock(b, middle)) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Which of two leaves with `common` segments in common comes first: as of two words, in a dictionary. */
  #order(a: PrefixLeaf, b: PrefixLeaf, common: number): number {
    const [numA, numB] = [this.#numShareable(a), this.#numShareable(b)]
    if (common === Math.min(numA, numB)) return numA - numB
    return this.#lastBlock(a, common + 1) - this.#lastBlock(b, common + 1)
  }

  #numShareable({ chunk }: PrefixLeaf): number {
    return this.#shares ? Math.floor(chunk.start / this.#segmentTokens) : 0
  }

  /** The last block of the first `numSegments` segments. */
  #lastBlock({ chunk }: PrefixLeaf, numSegments: number): number {
    return chunk.blockTable[(numSegments * this.#segmentTokens) / BLOCK_LEN - 1]
  }
}

/** The node's last child now begins at segment `at`, and hangs on a new node with the segments before, which is returned. */
function splitLastChild(node: PrefixNode, at: number): PrefixNode {
  const child = node.children[node.children.length - 1]
  const upper = new PrefixNode(at)
  upper.start = child.start
  upper.first = child.first
  child.start = at
  upper.children.push(child)
  node.children[node.children.length - 1] = upper
  return upper
}
