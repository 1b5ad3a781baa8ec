import type { Work } from '../../core/work'

/** A tokenizer's tokens as bytes. */
export interface Vocabulary {
  /** Token ids are below this. */
  readonly size: number
  /** [ids] The UTF-8 that each token adds to a text, which may be part of a character; empty or absent if it can't be said. */
  readonly bytes: readonly (Uint8Array | undefined)[]
  /** Tokens that a text may go without, and then can't be said. */
  readonly specialIds?: readonly number[]
}

/** The tokens as a tree by their bytes: nodes in the order in which a walk comes to them, each before those below it. */
export interface TokenTree {
  /** [nodes] The byte that leads to a node. */
  readonly byte: Uint8Array
  /** [nodes] Bytes from the root, at least 1. */
  readonly depth: Uint16Array
  /** [nodes] The node after all below this one. */
  readonly end: Uint32Array
  /** [nodes + 1] Where a node's tokens begin in `tokens`. */
  readonly firstToken: Uint32Array
  readonly tokens: Uint32Array
  readonly maxDepth: number
}

/** Bytes of a token that are told apart; longer ones (runs of spaces have 128) are never allowed. */
const MAX_TOKEN_BYTES = 1024

/** Tokens that are looked at between two places at which the making of a tree can be interrupted. */
const TOKENS_AT_ONCE = 4096

export function* tokenTree({ size, bytes }: Vocabulary): Work<TokenTree> {
  const bytesOf = (id: number) => bytes[id] ?? NONE
  const [byte, depth, end, firstToken, tokens]: number[][] = [[], [], [], [], []]
  let maxDepth = 0
  let numLookedAt = 0
  /** Nodes that are still to be made, the next at the end, and those that end where these begin. */
  const todo: ({ readonly ids: readonly number[]; readonly depth: number } | { readonly ended: number })[] = []
  /** Adds the nodes below one at depth `at`, of whose tokens some end there. */
  function* branch(ids: Iterable<number>, at: number): Work<void> {
    const groups = new Map<number, number[]>()
    for (const id of ids) {
      if (++numLookedAt % TOKENS_AT_ONCE === 0) yield
      const own = bytesOf(id)
      if (own.length > MAX_TOKEN_BYTES || own.length === 0) continue
      const group = groups.get(own[at])
      if (own.length === at) tokens.push(id)
      else if (group) group.push(id)
      else groups.set(own[at], [id])
    }
    const inOrder = groups.size > 1 ? [...groups].sort(([a], [b]) => b - a) : groups
    for (const [, group] of inOrder) todo.push({ ids: group, depth: at + 1 })
  }
  yield* branch(Array(size).keys(), 0)
  for (let next = todo.pop(); next; next = todo.pop()) {
    if ('ended' in next) {
      end[next.ended] = byte.length
      continue
    }
    todo.push({ ended: byte.length })
    end.push(0)
    byte.push(bytesOf(next.ids[0])[next.depth - 1])
    depth.push(next.depth)
    firstToken.push(tokens.length)
    maxDepth = Math.max(maxDepth, next.depth)
    yield* branch(next.ids, next.depth)
  }
  firstToken.push(tokens.length)
  yield
  return {
    byte: new Uint8Array(byte),
    depth: new Uint16Array(depth),
    end: new Uint32Array(end),
    firstToken: new Uint32Array(firstToken),
    tokens: new Uint32Array(tokens),
    maxDepth,
  }
}

const NONE = new Uint8Array()
