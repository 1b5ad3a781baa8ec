import { assert } from '../core/assert'
import { BLOCK_LEN } from '../core/block'

/**
 * Which blocks of a KV group are taken, and by how many block tables: the allocator of paged attention
 * (vLLM, arXiv:2309.06180 §4.2). A block is free or has references; sequences that share a prefix share its blocks.
 * Only numbers: the K and V themselves lie in GPU buffers. Misuse (releasing a free block) is an `InvariantViolation`.
 */
export class BlockPool {
  /** A stack: a block just released is taken next, while the GPU's caches may still hold it. */
  #free: number[] = []
  /** Block tables that name the block; 0: free. */
  #refCounts = new Uint32Array()
  /** Sets to which blocks are added whose references have changed: none unless somebody watches. */
  readonly watchers: Set<number>[] = []

  /** `window`: tokens that a token sees in the group's layers, itself among them. */
  constructor(
    numBlocks: number,
    readonly window = Number.POSITIVE_INFINITY,
  ) {
    // the last tokens of a prefix that ends inside a block are all copied
    assert(window >= BLOCK_LEN, `A window of ${window} tokens is smaller than a block of ${BLOCK_LEN}.`)
    this.resize(numBlocks)
  }

  get numBlocks(): number {
    return this.#refCounts.length
  }

  /** There are so many blocks from now on. None may be in use. */
  resize(numBlocks: number): void {
    assert(
      this.numUsed === 0,
      `A pool of ${this.numBlocks} blocks becomes one of ${numBlocks}, but ${this.numUsed} are in use.`,
    )
    assert(Number.isInteger(numBlocks) && numBlocks > 0, `A pool of ${numBlocks} blocks; it needs at least 1.`)
    this.#free = Array.from({ length: numBlocks }, (_, index) => numBlocks - 1 - index)
    this.#refCounts = new Uint32Array(numBlocks)
  }

  get isWindowed(): boolean {
    return this.window < Number.POSITIVE_INFINITY
  }

  get numFree(): number {
    return this.#free.length
  }

  get numUsed(): number {
    return this.numBlocks - this.#free.length
  }

  /** Takes `count` free blocks, with one reference each, or none and returns undefined. */
  allocate(count: number): number[] | undefined {
    if (count > this.#free.length) return undefined
    const blocks = this.#free.splice(this.#free.length - count).reverse()
    for (const block of blocks) {
      this.#refCounts[block] = 1
      this.#note(block)
    }
    return blocks
  }

  /** Adds a reference to a used block. */
  share(block: number): void {
    assert(this.#refCounts[block] > 0, `Block ${block} of ${this.numBlocks} is shared, but nobody uses it.`)
    this.#refCounts[block]++
    this.#note(block)
  }

  /** Drops a reference; the last one frees the block. */
  release(block: number): void {
    assert(this.#refCounts[block] > 0, `Block ${block} of ${this.numBlocks} is released, but nobody uses it.`)
    if (--this.#refCounts[block] === 0) this.#free.push(block)
    this.#note(block)
  }

  /** [numBlocks] A copy. */
  get refCounts(): Uint32Array<ArrayBuffer> {
    return this.#refCounts.slice()
  }

  refCount(block: number): number {
    return this.#refCounts[block]
  }

  /** Asserts that each block is free exactly once or used and, if `tables` are all there are, that they account for every reference. */
  checkIntegrity(tables?: Iterable<readonly number[]>): void {
    const timesFree = new Uint32Array(this.numBlocks)
    for (const block of this.#free) timesFree[block]++
    for (let block = 0; block < this.numBlocks; block++) {
      const refCount = this.#refCounts[block]
      assert(
        timesFree[block] === (refCount === 0 ? 1 : 0),
        () =>
          `Block ${block} has ${refCount} references and is ${timesFree[block]} times in the free list (${this.numFree} free + ${this.numUsed} used of ${this.numBlocks}).`,
      )
    }
    if (!tables) return
    const owners = new Uint32Array(this.numBlocks)
    for (const table of tables) for (const block of table) owners[block]++
    for (let block = 0; block < this.numBlocks; block++) {
      const refCount = this.#refCounts[block]
      assert(
        refCount === owners[block],
        () => `Block ${block} has ${refCount} references, but ${owners[block]} tables name it.`,
      )
    }
  }

  #note(block: number): void {
    for (const touched of this.watchers) touched.add(block)
  }
}
