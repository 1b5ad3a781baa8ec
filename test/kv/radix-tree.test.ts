import { describe, expect, test } from 'vitest'
import { RadixTree } from '../../src/kv/radix-tree'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'

/** Positions that a node's run covers, in granules: a value that must be split with it. */
type Positions = number[]

function positions(start: number, end: number, granule: number): Positions {
  return Array.from({ length: (end - start) / granule }, (_, index) => start / granule + index)
}

function newTree(granule: number): RadixTree<Positions> {
  return new RadixTree<Positions>(
    granule,
    () => [],
    (value, numTokens, start) => {
      value.splice(0, numTokens / granule)
      return positions(start, start + numTokens, granule)
    },
  )
}

function insert(tree: RadixTree<Positions>, tokens: readonly number[], length: number): void {
  const node = tree.insert(tokens, length)
  if (node.value.length === 0) node.value.push(...positions(node.start, node.end, tree.granule))
}

/** What a tree holds, as the set of all prefixes of whole granules. */
class NaivePrefixes {
  readonly prefixes = new Set<string>()
  readonly #granule: number

  constructor(granule: number) {
    this.#granule = granule
  }

  insert(tokens: readonly number[], length: number): void {
    for (let end = this.#granule; end <= length; end += this.#granule) this.prefixes.add(`${tokens.slice(0, end)}`)
  }

  find(tokens: readonly number[], length: number): number {
    let end = 0
    while (end + this.#granule <= length && this.prefixes.has(`${tokens.slice(0, end + this.#granule)}`)) {
      end += this.#granule
    }
    return end
  }

  trim(tokens: readonly number[], from: number, to: number): void {
    for (let end = from + this.#granule; end <= to; end += this.#granule)
      this.prefixes.delete(`${tokens.slice(0, end)}`)
  }
}

/** Of few different tokens, so that sequences share prefixes and fork inside granules. */
function randomTokens(random: Random): number[] {
  return Array.from({ length: random.int(0, 25) }, () => random.int(0, 8) >> 2)
}

function checkIntegrity(tree: RadixTree<Positions>, naive: NaivePrefixes): void {
  let numTokens = 0
  for (const node of tree.nodes()) {
    numTokens += node.numTokens
    expect(node.numTokens).toBeGreaterThan(0)
    expect(node.start).toBe(node.parent?.end)
    expect([...(node.parent?.children() ?? [])]).toContain(node)
    expect(naive.find(node.source, node.end)).toBe(node.end)
    expect(node.value).toEqual(positions(node.start, node.end, tree.granule))
  }
  expect(numTokens).toBe(naive.prefixes.size * tree.granule)
}

describe('RadixTree', () => {
  test('holds what a set of prefixes holds, through random insertions and trims', () => {
    forEachSeed(20, random => {
      const granule = pick(random, [1, 2, 4])
      const tree = newTree(granule)
      const naive = new NaivePrefixes(granule)
      for (let operation = 0; operation < 60; operation++) {
        const tokens = randomTokens(random)
        const leaves = [...tree.nodes()].filter(node => node.isLeaf)
        if (random.int(0, 3) === 0 && leaves.length > 0) {
          const leaf = pick(random, leaves)
          const end = random.int(0, leaf.end / granule + 1) * granule
          naive.trim(leaf.source, Math.max(end, leaf.start), leaf.end)
          tree.trim(leaf, end)
          leaf.value.length = Math.max(0, leaf.numTokens / granule)
        } else {
          const length = tokens.length - (tokens.length % granule)
          insert(tree, tokens, length)
          naive.insert(tokens, length)
        }
        checkIntegrity(tree, naive)
        const query = randomTokens(random)
        const length = random.int(0, query.length + 1)
        const found = tree.find(query, length)
        expect(found.numTokens).toBe(naive.find(query, length))
        expect(found.numTokens).toBeLessThanOrEqual(found.node.end)
        expect(found.numTokens).toBeGreaterThanOrEqual(found.node.parent ? found.node.start + granule : 0)
      }
    })
  })

  test('inserts a node that ends with the sequence, once', () => {
    const tree = newTree(2)
    const long = tree.insert([1, 2, 3, 4, 5, 6])
    const short = tree.insert([1, 2])
    expect([short.start, short.end, long.start, long.end]).toEqual([0, 2, 2, 6])
    expect(long.parent).toBe(short)
    expect(tree.insert([1, 2, 3, 4, 5, 6])).toBe(long)
    expect(tree.insert([1, 2, 9], 2)).toBe(short)
    expect(tree.insert([], 0)).toBe(tree.root)
    expect([...tree.nodes()]).toHaveLength(2)
    expect([...long.path()]).toEqual([long, short])
  })

  test('branches at whole granules only', () => {
    const tree = newTree(4)
    tree.insert([1, 1, 1, 1, 2, 2, 2, 2])
    tree.insert([1, 1, 1, 1, 2, 2, 2, 3])
    expect([...tree.nodes()].map(({ start, end }) => [start, end]).toSorted()).toEqual([
      [0, 4],
      [4, 8],
      [4, 8],
    ])
    expect(tree.find([1, 1, 1, 1, 2, 2, 2, 4]).numTokens).toBe(4)
    expect(() => tree.insert([1, 1, 1])).toThrow('3 tokens are not a multiple of 4.')
  })

  test('tells tokens with equal hashes apart', () => {
    // Hashes are of 32 bits, so these are equal, whatever the hash.
    const twins = (token: number) => [token, token + 2 ** 32, token + 2 ** 33]
    const tree = newTree(2)
    const sequences = twins(1).flatMap(a => twins(2).flatMap(b => twins(3).map(c => [a, b, c, c])))
    for (const tokens of sequences) tree.insert(tokens)
    expect(tree.root.buckets.size).toBe(1)
    expect([...tree.nodes()]).toHaveLength(9 + 27)
    for (const tokens of sequences) expect(tree.find(tokens).node.source).toEqual(tokens)
    expect(tree.find([1, 2, 3, 3 + 2 ** 34]).numTokens).toBe(2)

    for (const tokens of sequences.slice(1)) tree.trim(tree.find(tokens).node, 0)
    expect([...tree.nodes()].filter(node => node.end === 4)).toEqual([tree.find(sequences[0]).node])
  })

  test('refuses to trim what others build on', () => {
    const tree = newTree(1)
    const node = tree.insert([1, 2])
    tree.insert([1, 2, 3])
    expect(() => tree.trim(node, 0)).toThrow('The node of tokens 0 to 2 is no leaf.')
  })

  test('lists nodes of any number of children, each before those below it', () => {
    const tree = newTree(1)
    const numSiblings = 200_000
    for (let token = 0; token < numSiblings; token++) tree.insert([7, token])
    const nodes = [...tree.nodes()]
    expect(nodes).toHaveLength(1 + numSiblings)
    expect(nodes[0].source[0]).toBe(7)
  })

  test.each([
    [
      'in the middle of a granule',
      2000,
      (index: number) => [...new Array(20).fill(0), index, ...new Array(43).fill(0)],
    ],
    ['one after the other', 500, (index: number) => [...new Array(16 * index).fill(0), 1, ...new Array(15).fill(1)]],
    ['into duplicates', 1000, () => new Array(64).fill(5)],
  ])('reads tokens in proportion to their number, for sequences that fork %s', (_, numSequences, sequence) => {
    let reads = 0
    let numTokens = 0
    const tree = newTree(16)
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
