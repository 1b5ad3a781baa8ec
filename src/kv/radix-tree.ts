import { assert } from '../core/assert'

/**
 * A run of tokens that a set of prompts have in common, at positions `[start, end)` of each. The tokens themselves are
 * not copied: they are `source[start]` to `source[end - 1]` of one of those prompts.
 */
export class RadixNode<V> {
  /** By the hash of their first granule; those with equal hashes are told apart by their tokens. */
  readonly buckets = new Map<number, RadixNode<V>[]>()

  constructor(
    public parent: RadixNode<V> | undefined,
    public source: readonly number[],
    public start: number,
    public end: number,
    public value: V,
  ) {}

  get numTokens(): number {
    return this.end - this.start
  }

  get isLeaf(): boolean {
    return this.buckets.size === 0
  }

  /** In the order in which they came to be, as far as hashes differ. */
  *children(): Generator<RadixNode<V>> {
    for (const bucket of this.buckets.values()) yield* bucket
  }

  /** From this node up to the root's child. */
  *path(): Generator<RadixNode<V>> {
    for (let node: RadixNode<V> = this; node.parent; node = node.parent) yield node
  }
}

/**
 * A compact prefix tree of token sequences, which branches at multiples of `granule` only: 1 gives the tree that the
 * prompts are, BLOCK_LEN the part of it that whole KV blocks can share. (The structure of RadixAttention, SGLang,
 * arXiv:2312.07104 §3.) Hashes find a child, tokens decide. Everything is linear in the tokens looked at.
 */
export class RadixTree<V> {
  readonly root: RadixNode<V>

  /**
   * `newValue`: of a new node. `splitValue`: of a node that starts at `start`, the first `numTokens` tokens go to a new
   * node above, whose value is returned; the others stay.
   */
  constructor(
    readonly granule: number,
    private readonly newValue: () => V,
    private readonly splitValue: (value: V, numTokens: number, start: number) => V,
  ) {
    this.root = new RadixNode<V>(undefined, [], 0, 0, newValue())
  }

  /**
   * How many of the first `length` tokens the tree holds, and the node whose run their last one lies in (the root for
   * none). Changes nothing.
   */
  find(tokens: readonly number[], length = tokens.length): { node: RadixNode<V>; numTokens: number } {
    let node = this.root
    for (let matched = 0; ; ) {
      const child = this.child(node, tokens, matched, length)
      if (!child) return { node, numTokens: matched }
      const end = this.#matchEnd(child, tokens, Math.min(length, child.end))
      node = child
      matched = end
      if (end < child.end) return { node, numTokens: end }
    }
  }

  /** Makes the tree hold the first `length` tokens, with a node that ends just there, and returns that node. */
  insert(tokens: readonly number[], length = tokens.length): RadixNode<V> {
    assert(length % this.granule === 0, `${length} tokens are not a multiple of ${this.granule}.`)
    const { node, numTokens } = this.find(tokens, length)
    const fork = numTokens < node.end ? this.#split(node, numTokens) : node
    if (numTokens === length) return fork
    const leaf = new RadixNode(fork, tokens, numTokens, length, this.newValue())
    this.#adopt(fork, leaf)
    return leaf
  }

  /** Cuts a leaf's run down to the tokens before position `end`; with none left the leaf is gone. */
  trim(leaf: RadixNode<V>, end: number): void {
    assert(leaf.isLeaf && leaf.parent !== undefined, `The node of tokens ${leaf.start} to ${leaf.end} is no leaf.`)
    if (end > leaf.start) leaf.end = end
    else this.#abandon(leaf.parent, leaf)
  }

  /** The child of the node that goes on with the granule at `from`, if that lies within the first `length` tokens. */
  child(node: RadixNode<V>, tokens: readonly number[], from: number, length: number): RadixNode<V> | undefined {
    if (from + this.granule > length) return undefined
    const end = from + this.granule
    for (const child of node.buckets.get(hashOf(tokens, from, end)) ?? []) {
      if (commonEnd(child.source, tokens, from, end) === end) return child
    }
    return undefined
  }

  *nodes(node: RadixNode<V> = this.root): Generator<RadixNode<V>> {
    const stack = [...node.children()]
    for (let next = stack.pop(); next; next = stack.pop()) {
      yield next
      for (const child of next.children()) stack.push(child)
    }
  }

  /** Up to where the child's run, whose first granule is known to agree, agrees with the tokens. */
  #matchEnd(child: RadixNode<V>, tokens: readonly number[], limit: number): number {
    const end = commonEnd(child.source, tokens, child.start + this.granule, limit)
    return end - (end % this.granule)
  }

  #split(node: RadixNode<V>, at: number): RadixNode<V> {
    const { parent } = node
    assert(parent !== undefined, 'The root has no tokens to split.')
    const upper = new RadixNode(
      parent,
      node.source,
      node.start,
      at,
      this.splitValue(node.value, at - node.start, node.start),
    )
    const siblings = parent.buckets.get(this.#hash(node)) ?? []
    siblings[siblings.indexOf(node)] = upper
    node.start = at
    this.#adopt(upper, node)
    return upper
  }

  #adopt(parent: RadixNode<V>, child: RadixNode<V>): void {
    child.parent = parent
    const hash = this.#hash(child)
    const bucket = parent.buckets.get(hash)
    if (bucket) bucket.push(child)
    else parent.buckets.set(hash, [child])
  }

  #abandon(parent: RadixNode<V>, child: RadixNode<V>): void {
    const hash = this.#hash(child)
    const rest = (parent.buckets.get(hash) ?? []).filter(each => each !== child)
    if (rest.length > 0) parent.buckets.set(hash, rest)
    else parent.buckets.delete(hash)
  }

  #hash({ source, start }: RadixNode<V>): number {
    return hashOf(source, start, start + this.granule)
  }
}

/** The end of what two token lists that agree up to `from` have in common, at most `limit`. */
function commonEnd(a: readonly number[], b: readonly number[], from: number, limit: number): number {
  let at = from
  while (at < limit && a[at] === b[at]) at++
  return at
}

function hashOf(tokens: readonly number[], from: number, end: number): number {
  let hash = 0
  for (let at = from; at < end; at++) hash = Math.imul(hash ^ tokens[at], 0x9e3779b1) ^ (hash >>> 15)
  return hash
}
