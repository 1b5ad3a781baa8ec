import { canBeEmpty, isNullable, isUnbounded, type Node, type Repeat } from './node'
import { toJavaScript } from './to-javascript'

/** Most ways to match without a loop, all of which a backtracking engine may try at one place. Published patterns have under 100. */
const MAX_PATHS = 2 ** 10

/**
 * Whether JavaScript's engine, which backtracks, finds the same matches as Oniguruma, and in time proportional to the text
 * whatever that is. True for patterns as tokenizers have them: alternatives that repeat sets of code points, not groups. An
 * alternative that may fail after such a loop has scanned the text in vain to the loop's end. That is harmless if a later
 * one takes all of it and nothing between the two takes less, as `\s+` does after `\s*[\r\n]+` and `\s+(?!\S)`.
 */
export function isLinear(root: Node): boolean {
  // V8 finds empty matches within surrogate pairs
  if (canBeEmpty(root)) return false
  const alternatives = (root.type === 'alternatives' ? root.items : [root]).map(itemsOf)
  return alternatives.every((items, index) => {
    if (!items.every(isSimple) || numPaths(items) > MAX_PATHS) return false
    const failing = items.flatMap((item, place) =>
      isLoop(item) && !items.slice(place + 1).every(isNullable) ? place : [],
    )
    if (failing.length === 0) return true
    if (failing.length > 1) return false
    const [place] = failing
    const before = items.slice(0, place)
    const set = setOf(items[place])
    for (const later of alternatives.slice(index)) {
      if (takesAll(later, before, set)) return true
      const [first] = later
      if (later !== items && (!isLoop(first) || setOf(first) !== set)) return false
    }
    return false
  })
}

function itemsOf(node: Node): readonly Node[] {
  return node.type === 'sequence' ? node.items : [node]
}

function isSimple(item: Node): boolean {
  return isLoop(item) || !isUnbounded(item)
}

function isLoop(node: Node | undefined): boolean {
  const item = node?.type === 'atomic' ? node.item : node
  return item?.type === 'repeat' && isUnbounded(item) && item.item.type === 'code point'
}

function setOf(loop: Node): string {
  return toJavaScript(((loop.type === 'atomic' ? loop.item : loop) as Repeat).item)
}

/** Whether `items` match all of a run of `set` that comes after `before`, or all but its last code point. */
function takesAll(items: readonly Node[], before: readonly Node[], set: string): boolean {
  const place = items.findIndex(isLoop)
  if (place < 0 || setOf(items[place]) !== set) return false
  const own = items.slice(0, place)
  const canBegin = own.map(toJavaScript).join('') === before.map(toJavaScript).join('')
  if (!canBegin && !(before.length === 0 && own.every(isNullable))) return false
  const rest = items.slice(place + 1)
  const [look] = rest
  const isAtEnd =
    rest.length === 1 && look.type === 'look' && look.isNegative && toJavaScript(look.item) === complement(set)
  return isAtEnd || rest.every(isNullable)
}

function complement(set: string): string {
  return set.startsWith('\\p') ? `\\P${set.slice(2)}` : set.replace('\\P', '\\p')
}

function numPaths(items: readonly Node[]): number {
  return items.reduce((product, item) => product * pathsOf(item), 1)
}

function pathsOf(node: Node): number {
  switch (node.type) {
    case 'code point':
    case 'place':
      return 1
    case 'sequence':
      return numPaths(node.items)
    case 'alternatives':
      return node.items.reduce((sum, item) => sum + pathsOf(item), 0)
    case 'repeat': {
      // here JavaScript ends a repetition earlier than Oniguruma, or (V8) takes places for found that are not
      if (canBeEmpty(node.item) || hasPlaces(node.item)) return Number.POSITIVE_INFINITY
      if (node.max === Number.POSITIVE_INFINITY) return 1
      const each = pathsOf(node.item)
      let sum = 0
      for (let times = node.min; times <= node.max && sum <= MAX_PATHS; times++) sum += each ** times
      // written out by JavaScript too
      return Math.max(sum, node.max * each)
    }
    default:
      return pathsOf(node.item)
  }
}

function hasPlaces(node: Node): boolean {
  return 'items' in node ? node.items.some(hasPlaces) : 'item' in node ? hasPlaces(node.item) : node.type === 'place'
}
