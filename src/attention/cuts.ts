import type { AttentionCost } from './cost'
import { type PrefixForest, PrefixLeaf, type PrefixNode } from './forest'

/**
 * Chooses a cut for every chunk: segments [0, cut) of its rows are one item, each later one is an item of its own. That
 * is all there is to a plan, since rows with the same cut and the same blocks before it read them in common, and so do
 * rows with the same block in later segments.
 *
 * Up to the cut a row has one state, after it one for each segment; an uncut row has none. So reading a prefix in common
 * pays if reading it again costs more than the states of what follows. PAT (ASPLOS'26, flashserve/PAT) decides that for
 * one child at a time, which joins its parent's item unless 4 · sequences > keys; we minimise the cost of the whole forest.
 * What follows a cut costs the same wherever the cut is, so two numbers for each node, from the leaves up, are enough:
 * `laterCost` and `cost`. Children go in the order of what they lose by joining, per row; all numbers of the first are
 * tried. That is optimal where children have equally many rows, as decodes, and never worse than all or none.
 *
 * For example, 3 decodes share a prefix of 8 segments and have 2 of their own. Uncut they are 3 items, which read 30 segments
 * and leave no states. Cut at 8 they are one item of 3 rows over the prefix and 6 items of a segment each: 14 segments are
 * read, and each row's 3 states are merged. So 16 segments less stand against 4 items and 9 states more.
 */
export class AttentionCuts {
  readonly #cost: AttentionCost
  readonly #maxSlots: number
  readonly #wantedItems: number

  /** `wantedItems`: how many items of equal length would fill the device. */
  constructor(cost: AttentionCost, maxSlots: number, wantedItems: number) {
    this.#cost = cost
    this.#maxSlots = maxSlots
    this.#wantedItems = wantedItems
  }

  /** Sets `cut` and `firstSlot` of all leaves. Returns how many slots they take. */
  choose({ root, leaves }: PrefixForest): number {
    const work = this.#cutWithinSlots(root, leaves)
    // no item is longer than an equal share of the work (flash-decoding), as far as slots last
    let longest = Math.max(1, Math.ceil(work / this.#wantedItems))
    while (this.#numSlots(leaves, longest) > this.#maxSlots) longest *= 2
    let firstSlot = 0
    for (const leaf of leaves) {
      leaf.cut = Math.min(leaf.cut, longest)
      leaf.firstSlot = firstSlot
      firstSlot += this.#slotsOf(leaf, leaf.cut)
    }
    return firstSlot
  }

  /**
   * If slots are scarce, states get dearer until they suffice, which they do at last: uncut rows have none. What is left
   * then lets some chunks keep the cuts of the price before. Returns how many segments the items have together, about.
   */
  #cutWithinSlots(root: PrefixNode, leaves: readonly PrefixLeaf[]): number {
    let { state } = this.#cost.costs
    let work = this.#cutForest(root, state)
    let numFree = this.#maxSlots - this.#numSlots(leaves)
    if (numFree >= 0) return work
    while (numFree < 0) {
      for (const leaf of leaves) leaf.dearCut = leaf.cut
      state = 4 * state + 1
      work = this.#cutForest(root, state)
      numFree = this.#maxSlots - this.#numSlots(leaves)
    }
    for (const leaf of leaves) {
      const numMore = this.#slotsOf(leaf, leaf.dearCut) - this.#slotsOf(leaf, leaf.cut)
      if (numMore > numFree) continue
      leaf.cut = leaf.dearCut
      numFree -= numMore
    }
    return work
  }

  #cutForest(root: PrefixNode, state: number): number {
    this.#evaluate(root, state)
    return this.#assign(root, 0)
  }

  #numSlots(leaves: readonly PrefixLeaf[], longest = Number.POSITIVE_INFINITY): number {
    return leaves.reduce((sum, leaf) => sum + this.#slotsOf(leaf, Math.min(leaf.cut, longest)), 0)
  }

  #slotsOf(leaf: PrefixLeaf, cut: number): number {
    return slotsBefore(leaf, leaf.chunk.start + leaf.chunk.count, cut, this.#cost.layout.segmentTokens)
  }

  /** `state`: cost of the state of a query vector. */
  #evaluate(node: PrefixNode, state: number): void {
    if (node instanceof PrefixLeaf) {
      this.#evaluateLeaf(node, state)
      return
    }
    const { start, end, children } = node
    const { segmentTokens } = this.#cost.layout
    node.numRows = 0
    node.laterCost = 0
    node.cost = 0
    node.numCut = 0
    for (const child of children) {
      this.#evaluate(child, state)
      node.numRows += child.numRows
      node.laterCost += child.laterCost
      node.cost += child.cost
    }
    if (end === 0) return // the root has no keys to read in common
    const oneSegment = this.#cost.items(node.numRows, segmentTokens) + this.#cost.states(node.numRows, state)
    node.laterCost += (end - start) * oneSegment
    children.sort((a, b) => (a.laterCost - a.cost) / a.numRows - (b.laterCost - b.cost) / b.numRows)
    let numRows = 0
    let restCost = node.cost
    children.forEach((child, index) => {
      numRows += child.numRows
      restCost += child.laterCost - child.cost
      const cost = restCost + this.#cost.items(numRows, end * segmentTokens) + this.#cost.states(numRows, state)
      if (cost >= node.cost) return
      node.cost = cost
      node.numCut = index + 1
    })
  }

  #evaluateLeaf(leaf: PrefixLeaf, state: number): void {
    const { start, count } = leaf.chunk
    const { segmentTokens } = this.#cost.layout
    const end = start + count
    const numWhole = Math.floor(start / segmentTokens)
    leaf.numRows = count
    leaf.cost = this.#cost.causalItems(start, end, 0, end)
    leaf.laterCost = this.#cost.items(count, segmentTokens) + this.#cost.states(count, state)
    leaf.laterCost *= numWhole - leaf.start
    for (let segment = numWhole; segment < leaf.end; segment++) {
      const firstKey = segment * segmentTokens
      const first = Math.max(start, firstKey)
      leaf.laterCost += this.#cost.causalItems(first, end, firstKey, firstKey + segmentTokens)
      leaf.laterCost += this.#cost.states(end - first, state)
    }
  }

  /** `cut`: of all chunks below; 0: none yet. Returns how many segments the items have together, about. */
  #assign(node: PrefixNode, cut: number): number {
    const { start, end, children } = node
    const later = cut > 0 ? this.#numItems(node.numRows) * (end - start) : 0
    if (node instanceof PrefixLeaf) {
      node.cut = cut > 0 ? cut : end
      return cut > 0 ? later : this.#numItems(node.numRows) * end
    }
    let work = later
    let numCutRows = 0
    children.forEach((child, index) => {
      const isCutHere = cut === 0 && index < node.numCut
      work += this.#assign(child, isCutHere ? end : cut)
      if (isCutHere) numCutRows += child.numRows
    })
    return work + this.#numItems(numCutRows) * end
  }

  #numItems(numRows: number): number {
    return Math.ceil(numRows / this.#cost.maxRows)
  }
}

/**
 * Slots of the chunk's rows before `position`, if they are cut after `cut` segments. A row that reaches beyond has one for
 * the keys up to there and one for each later segment; the others have none.
 */
export function slotsBefore({ chunk }: PrefixLeaf, position: number, cut: number, segmentTokens: number): number {
  const first = Math.max(chunk.start, cut * segmentTokens)
  if (position <= first) return 0
  return sumSegments(position, segmentTokens) - sumSegments(first, segmentTokens) + (position - first) * (2 - cut)
}

/** Sum over the positions before `end` of the whole segments before each. */
function sumSegments(end: number, segmentTokens: number): number {
  const numWhole = Math.floor(end / segmentTokens)
  return segmentTokens * ((numWhole * (numWhole - 1)) / 2) + numWhole * (end % segmentTokens)
}
