/** A tokenizer's tokens as bytes. */
export interface Vocabulary {
  /** Token ids are below this. */
  readonly size: number
  /** [ids] The UTF-8 that each token adds to a text, which may be part of a character; empty or absent if it can't be said. */
  readonly bytes: readonly (Uint8Array | undefined)[]
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

export function tokenTree({ size, bytes }: Vocabulary): TokenTree {
  const ids: number[] = []
  for (let id = 0; id < size; id++) {
    const length = bytes[id]?.length ?? 0
    if (length > 0 && length <= MAX_TOKEN_BYTES) ids.push(id)
  }
  const bytesOf = (id: number) => bytes[id] ?? new Uint8Array()
  ids.sort((a, b) => compare(bytesOf(a), bytesOf(b)))
  const [byte, depth, end, firstToken]: number[][] = [[], [], [], []]
  const open: number[] = []
  let previous = new Uint8Array()
  ids.forEach((id, index) => {
    const own = bytesOf(id)
    let shared = 0
    while (shared < previous.length && shared < own.length && own[shared] === previous[shared]) shared++
    while (open.length > shared) end[open.pop() as number] = byte.length
    for (let at = shared; at < own.length; at++) {
      open.push(byte.length)
      byte.push(own[at])
      depth.push(at + 1)
      firstToken.push(index)
      end.push(0)
    }
    previous = own as Uint8Array<ArrayBuffer>
  })
  for (const node of open) end[node] = byte.length
  firstToken.push(ids.length)
  return {
    byte: Uint8Array.from(byte),
    depth: Uint16Array.from(depth),
    end: Uint32Array.from(end),
    firstToken: Uint32Array.from(firstToken),
    tokens: Uint32Array.from(ids),
    maxDepth: depth.reduce((most, each) => Math.max(most, each), 0),
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return a[at] - b[at]
  return a.length - b.length
}
