/** A regular expression of Oniguruma as a tree. Groups are their content: nothing here needs what they captured. */
export type Node = CodePoint | Place | Sequence | Alternatives | Repeat | Look | Atomic

/** One code point of a set, which `source` writes as JavaScript's flag `v` reads it. */
export interface CodePoint {
  readonly type: 'code point'
  readonly source: string
}

/** A place between code points, found without a loop; `source` is JavaScript's. */
export interface Place {
  readonly type: 'place'
  readonly source: string
}

export interface Sequence {
  readonly type: 'sequence'
  readonly items: readonly Node[]
}

/** Alternatives, of which the first that leads to a match is taken. */
export interface Alternatives {
  readonly type: 'alternatives'
  readonly items: readonly Node[]
}

export interface Repeat {
  readonly type: 'repeat'
  readonly item: Node
  readonly min: number
  /** Most repetitions, which may be Infinity. */
  readonly max: number
  readonly isLazy: boolean
}

/** A look ahead. */
export interface Look {
  readonly type: 'look'
  readonly item: Node
  readonly isNegative: boolean
}

/** A group that never gives back what it has matched. */
export interface Atomic {
  readonly type: 'atomic'
  readonly item: Node
}

/** Whether a match can be of any length. */
export function isUnbounded(node: Node): boolean {
  switch (node.type) {
    case 'code point':
    case 'place':
      return false
    case 'repeat':
      return node.max === Number.POSITIVE_INFINITY || isUnbounded(node.item)
    case 'sequence':
    case 'alternatives':
      return node.items.some(isUnbounded)
    default:
      return isUnbounded(node.item)
  }
}

/** Whether the node matches in every place, whatever follows there. */
export function isNullable(node: Node): boolean {
  switch (node.type) {
    case 'sequence':
      return node.items.every(isNullable)
    case 'alternatives':
      return node.items.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.item)
    case 'atomic':
      return isNullable(node.item)
    default:
      return false
  }
}

/** Whether a match can be empty. */
export function canBeEmpty(node: Node): boolean {
  switch (node.type) {
    case 'code point':
      return false
    case 'place':
    case 'look':
      return true
    case 'sequence':
      return node.items.every(canBeEmpty)
    case 'alternatives':
      return node.items.some(canBeEmpty)
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.item)
    case 'atomic':
      return canBeEmpty(node.item)
  }
}
