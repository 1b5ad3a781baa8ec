import { MAX_SCORED, type ScoredPlace } from '../core/reads'

/** A prompt of tokens, and the places of it that are scored. */
export interface ScoredPrompt {
  readonly tokens: readonly number[]
  readonly scored: readonly ScoredPlace[]
}

/** A token of a candidate. */
interface Node {
  /** What leads here from the prefix. */
  readonly path: readonly number[]
  readonly children: Map<number, Node>
  /** Log-probability of the last token of `path` after those before it. */
  logprob: number
}

/** What is read after the last token of a node's path: some of its children. */
interface Row {
  readonly node: Node
  readonly children: readonly Node[]
}

/**
 * The tree of the tokens of candidates that may follow one prefix. Every token of it is computed once but the last ones of the
 * candidates, which nothing follows: a label of one token costs nothing beyond the prefix.
 *
 * For example, after the prefix P the candidates a b, a c d and e: P's last row scores a and e, the row of a scores b and c, that of c
 * scores d. Two prompts do: P a, read in two rows; and P a c, which takes over all but its last token.
 */
export class CandidateTree {
  readonly prompts: readonly ScoredPrompt[]
  readonly #candidates: readonly (readonly number[])[]
  readonly #root: Node = newNode([])
  /** By the index of a prompt: what is scored at each of its places, in their order. */
  readonly #scored: (readonly Node[])[][] = []

  /** `prefix`: at least one token. `candidates`: each of at least one token. */
  constructor(prefix: readonly number[], candidates: readonly (readonly number[])[]) {
    this.#candidates = candidates
    for (const candidate of candidates) this.#insert(candidate)
    this.prompts = [...promptsBelow(this.#root, [])].map(rows => this.#prompt(prefix, rows))
  }

  /** Takes what a prompt's places came to. [places][tokens] */
  take(prompt: number, scores: readonly (readonly number[])[]): void {
    for (const [place, nodes] of this.#scored[prompt].entries()) {
      for (const [index, node] of nodes.entries()) node.logprob = scores[place][index]
    }
  }

  /** Natural log-probability of each token of a candidate, after the prefix and the tokens before it. */
  logprobsOf(candidate: number): number[] {
    let node = this.#root
    return this.#candidates[candidate].map(token => {
      node = node.children.get(token) ?? node
      return node.logprob
    })
  }

  #insert(candidate: readonly number[]): void {
    let node = this.#root
    for (const [index, token] of candidate.entries()) {
      const child = node.children.get(token) ?? newNode(candidate.slice(0, index + 1))
      node.children.set(token, child)
      node = child
    }
  }

  #prompt(prefix: readonly number[], rows: readonly Row[]): ScoredPrompt {
    const last = rows[rows.length - 1].node
    this.#scored.push(rows.map(({ children }) => [...children]))
    const scored = rows.map(({ node, children }) => {
      return { position: prefix.length + node.path.length, tokenIds: children.map(({ path }) => path[path.length - 1]) }
    })
    return { tokens: [...prefix, ...last.path], scored }
  }
}

/**
 * The rows that each prompt reads: those of a path from where the one before it forked off, so that who computes a row comes before
 * who takes it over. `above`: rows that nobody reads yet, from the fork to the node.
 */
function* promptsBelow(node: Node, above: readonly Row[]): Generator<readonly Row[]> {
  const children = [...node.children.values()]
  const inner = children.filter(each => each.children.size > 0)
  const rows = [...above, { node, children: children.slice(0, MAX_SCORED) }]
  if (inner.length === 0) yield rows
  for (const [index, child] of inner.entries()) yield* promptsBelow(child, index === 0 ? rows : [])
  for (let first = MAX_SCORED; first < children.length; first += MAX_SCORED) {
    yield [{ node, children: children.slice(first, first + MAX_SCORED) }]
  }
}

function newNode(path: readonly number[]): Node {
  return { path, children: new Map(), logprob: Number.NaN }
}
