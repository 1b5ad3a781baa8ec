import { describe, expect, test } from 'vitest'
import { RadixTree } from '../../src/kv/radix-tree'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'

/** Positions that a node's run covers: a value that must be split with it. */
type Positions = number[]

function positions(start: number, end: number): Positions {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

function newTree(): RadixTree<Positions> {
  return new RadixTree<Positions>(
    () => [],
    (value, numTokens, start) => {
      value.splice(0, numTokens)
      return positions(start, start + numTokens)
    },
  )
}

function insert(tree: RadixTree<Positions>, tokens: readonly number[]): void {
  const node = tree.insert(tokens)
  if (node.value.length === 0) node.value.push(...positions(node.start, node.end))
}

/** What a tree holds, as the set of all prefixes. */
class NaivePrefixes {
  readonly prefixes = new Set<string>()

  insert(tokens: readonly number[]): void {
    for (let end = 1; end <= tokens.length; end++) this.prefixes.add(`${tokens.slice(0, end)}`)
  }

  find(tokens: readonly number[], length: number): number {
    let end = 0
    while (end < length && this.prefixes.has(`${tokens.slice(0, end + 1)}`)) end++
    return end
  }

  trim(tokens: readonly number[], from: number, to: number): void {
    for (let end = from + 1; end <= to; end++) this.prefixes.delete(`${tokens.slice(0, end)}`)
  }
}

/** Of few different tokens, so that sequences share prefixes. */
function randomTokens(random: Random): number[] {
  return Array.from({ length: random.int(0, 25) }, () => random.int(0, 8) >> 2)
}

function checkIntegrity(tree: RadixTree<Positions>, naive: NaivePrefixes): void {
  let numTokens = 0
  for (const node of tree.root.below()) {
    numTokens += node.numTokens
    expect(node.numTokens).toBeGreaterThan(0)
    expect(node.start).toBe(node.parent?.end)
    expect(node.parent?.children.get(node.source[node.start])).toBe(node)
    expect(naive.find(node.source, node.end)).toBe(node.end)
    expect(node.value).toEqual(positions(node.start, node.end))
  }
  expect(numTokens).toBe(naive.prefixes.size)
}

describe('RadixTree', () => {
  test('holds what a set of prefixes holds, through random insertions and trims', () => {
    forEachSeed(20, random => {
      const tree = newTree()
      const naive = new NaivePrefixes()
      for (let operation = 0; operation < 60; operation++) {
        const tokens = randomTokens(random)
        const leaves = [...tree.root.below()].filter(node => node.isLeaf)
        if (random.int(0, 3) === 0 && leaves.length > 0) {
          const leaf = pick(random, leaves)
          const end = random.int(0, leaf.end + 1)
          naive.trim(leaf.source, Math.max(end, leaf.start), leaf.end)
          leaf.trim(end)
          leaf.value.length = Math.max(0, leaf.numTokens)
        } else {
          insert(tree, tokens)
          naive.insert(tokens)
        }
        checkIntegrity(tree, naive)
        const query = randomTokens(random)
        const length = random.int(0, query.length + 1)
        const found = tree.find(query, length)
        expect(found.numTokens).toBe(naive.find(query, length))
        expect(found.numTokens).toBeLessThanOrEqual(found.node.end)
        expect(found.numTokens).toBeGreaterThan(found.node.parent ? found.node.start : -1)
      }
    })
  })

  test('inserts a node that ends with the sequence, once', () => {
    const tree = newTree()
    const long = tree.insert([1, 2, 3, 4, 5, 6])
    const short = tree.insert([1, 2])
    expect([short.start, short.end, long.start, long.end]).toEqual([0, 2, 2, 6])
    expect(long.parent).toBe(short)
    expect(tree.insert([1, 2, 3, 4, 5, 6])).toBe(long)
    expect(tree.insert([1, 2, 9], 2)).toBe(short)
    expect(tree.insert([], 0)).toBe(tree.root)
    expect([...tree.root.below()]).toHaveLength(2)
    expect([...long.path()]).toEqual([long, short])
  })

  test('refuses to trim what others build on', () => {
    const tree = newTree()
    const node = tree.insert([1, 2])
    tree.insert([1, 2, 3])
    expect(() => node.trim(0)).toThrow('The node of tokens 0 to 2 is no leaf.')
  })

  test('lists nodes of any number of children, each before those below it', () => {
    const tree = newTree()
    const numSiblings = 200_000
    for (let token = 0; token < numSiblings; token++) tree.insert([7, token])
    const nodes = [...tree.root.below()]
    expect(nodes).toHaveLength(1 + numSiblings)
    expect(nodes[0].source[0]).toBe(7)
  })

  test.each([
    ['early', 2000, (index: number) => [...new Array(20).fill(0), index, ...new Array(43).fill(0)]],
    ['one after the other', 500, (index: number) => [...new Array(16 * index).fill(0), 1, ...new Array(15).fill(1)]],
    ['into duplicates', 1000, () => new Array(64).fill(5)],
  ])('reads tokens in proportion to their number, for sequences that fork %s', (_, numSequences, sequence) => {
    let reads = 0
    let numTokens = 0
    const tree = newTree()
    for (let index = 0; index < numSequences; index++) {
      const tokens = sequence(index)
      numTokens += tokens.length
      tree.insert(
        new Proxy(tokens, {
          get(target, key) {
            if (key !== 'length') reads++
            return Reflect.get(target, key)
          },
        }),
      )
    }
    expect(reads).toBeLessThan(8 * numTokens)
  })
})
