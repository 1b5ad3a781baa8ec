import { type AttentionLayout, rowsPerTile } from './layout'

/** The cost of each part of the attention kernels' work for one KV head, all in the same unit of time, whichever that is. */
export interface AttentionCosts {
  /** An item, whatever it holds. */
  readonly item: number
  /** A query vector that an item's tile could hold, be it there or not. */
  readonly tileVector: number
  /** Reading a key and its value. */
  readonly key: number
  /** Computing with a key and its value for four query vectors, which the kernel does together. */
  readonly keyQuad: number
  /** Writing the state of a query vector, and reading it when states are merged. */
  readonly state: number
}

/**
 * Costs in units of reading one key, fitted to the kernel's times for 1 to 64 query vectors of 64 dims and 16 to 512 keys on a software adapter
 * (docs/benchmarks.md), where reading is cheap beside computing. GPUs differ the other way, and then sharing pays sooner.
 */
export const DEFAULT_COSTS: AttentionCosts = { item: 14, tileVector: 0.95, key: 1, keyQuad: 0.66, state: 0.25 }

/** As if only reading took time: the cheapest plan then reads the fewest keys. */
export const READING_COSTS: AttentionCosts = { item: 0, tileVector: 0, key: 1, keyQuad: 0, state: 0 }

/** The cost of work items in one layout, where rows fill one item after another, each up to the largest tile. */
export class AttentionCost {
  /** Rows that fit in one item. */
  readonly maxRows: number
  readonly #rowsPerTile: readonly number[]

  constructor(
    readonly layout: AttentionLayout,
    readonly costs: AttentionCosts,
  ) {
    this.#rowsPerTile = rowsPerTile(layout)
    this.maxRows = Math.max(...this.#rowsPerTile)
  }

  /** An item of `numRows` rows over `numKeys` keys. */
  item(numRows: number, numKeys: number): number {
    const { item, tileVector, key, keyQuad } = this.costs
    const { groupSize, tiles } = this.layout
    let tile = 0
    while (this.#rowsPerTile[tile] < numRows) tile++
    return item + tileVector * tiles[tile] + numKeys * (key + keyQuad * Math.ceil((numRows * groupSize) / 4))
  }

  /** The items of `numRows` rows that all read the same `numKeys` keys. */
  items(numRows: number, numKeys: number): number {
    const rest = numRows % this.maxRows
    const whole = ((numRows - rest) / this.maxRows) * this.item(this.maxRows, numKeys)
    return rest === 0 ? whole : whole + this.item(rest, numKeys)
  }

  /** The items of the rows at positions [start, end) over the keys from `firstKey` on that they see, up to `endKey`. */
  causalItems(start: number, end: number, firstKey: number, endKey: number): number {
    let sum = 0
    for (let at = start; at < end; at += this.maxRows) {
      const next = Math.min(at + this.maxRows, end)
      sum += this.item(next - at, Math.min(next, endKey) - firstKey)
    }
    return sum
  }

  /** One state for each of `numRows` rows, if that of a query vector costs `state`. */
  states(numRows: number, state: number): number {
    return numRows * this.layout.groupSize * state
  }
}
