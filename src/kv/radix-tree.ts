import { assert } from '../core/assert'

let numNodes = 0

/**
 * A run of tokens that a set of prompts have in common, at positions `[start, end)` of each. The tokens themselves are
 * not copied: they are `source[start]` to `source[end - 1]` of one of those prompts.
 */
export class RadixNode<V> {
  /** Children by their first token, in the order in which they came to be. */
  readonly children = new Map<number, RadixNode<V>>()
  /** Not that of any other node of any tree; at least 1. */
  readonly id = ++numNodes

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
    return this.children.size === 0
  }

  /** False once it was trimmed to nothing. */
  get isInTree(): boolean {
    return this.parent?.children.get(this.source[this.start]) === this
  }

  /** From this node up to the root's child. */
  *path(): Generator<RadixNode<V>> {
    for (let node: RadixNode<V> = this; node.parent; node = node.parent) yield node
  }

  /** All nodes below this one, each before those below it. */
  *below(): Generator<RadixNode<V>> {
    const stack = [...this.children.values()]
    for (let next = stack.pop(); next; next = stack.pop()) {
      yield next
      for (const child of next.children.values()) stack.push(child)
    }
  }

  /** Cuts a leaf's run down to the tokens before position `end`; with none left the leaf is gone. */
  trim(end: number): void {
    const { parent, source, start, isLeaf } = this
    assert(isLeaf && parent !== undefined, `The node of tokens ${start} to ${this.end} is no leaf.`)
    if (end > start) this.end = end
    else parent.children.delete(source[start])
  }
}

/**
 * A compact prefix tree of token sequences (the structure of RadixAttention, SGLang, arXiv:2312.07104 §3). Everything is
 * linear in the tokens looked at.
 */
export class RadixTree<V> {
  readonly root: RadixNode<V>

  /**
   * `newValue`: of a new node. `splitValue`: of a node that starts at `start`, the first `numTokens` tokens go to a new
   * node above, whose value is returned; the others stay. `onSplit`: is told of what stays.
   */
  constructor(
    private readonly newValue: () => V,
    private readonly splitValue: (value: V, numTokens: number, start: number) => V,
    private readonly onSplit: (lower: RadixNode<V>) => void = () => undefined,
  ) {
    this.root = new RadixNode<V>(undefined, [], 0, 0, newValue())
  }

  /**
   * How many of the first `length` tokens the tree holds, and the node whose run their last one lies in (the root for
   * none). Changes nothing.
   */
  find(tokens: readonly number[], length = tokens.length): { node: RadixNode<V>; numTokens: number } {
    let node = this.root
    let matched = 0
    while (matched < length) {
      const child = node.children.get(tokens[matched])
      if (!child) break
      matched = commonEnd(child.source, tokens, matched + 1, Math.min(length, child.end))
      node = child
      if (matched < child.end) break
    }
    return { node, numTokens: matched }
  }

  /** Makes the tree hold the first `length` tokens, with a node that ends just there, and returns that node. */
  insert(tokens: readonly number[], length = tokens.length): RadixNode<V> {
    const { node, numTokens } = this.find(tokens, length)
    const fork = numTokens < node.end ? this.#split(node, numTokens) : node
    if (numTokens === length) return fork
    const leaf = new RadixNode(fork, tokens, numTokens, length, this.newValue())
    fork.children.set(tokens[numTokens], leaf)
    return leaf
  }

  #split(node: RadixNode<V>, at: number): RadixNode<V> {
    const { parent, source, start, value } = node
    assert(parent !== undefined, 'The root has no tokens to split.')
    const upper = new RadixNode(parent, source, start, at, this.splitValue(value, at - start, start))
    parent.children.set(source[start], upper)
    node.parent = upper
    node.start = at
    upper.children.set(source[at], node)
    this.onSplit(node)
    return upper
  }
}

/** The end of what two token lists that agree up to `from` have in common, at most `limit`. */
function commonEnd(a: readonly number[], b: readonly number[], from: number, limit: number): number {
  let at = from
  while (at < limit && a[at] === b[at]) at++
  return at
}
