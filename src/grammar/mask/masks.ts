import { MAX_KEPT_MASK_BYTES } from '../limits'
import type { State, States } from './readings'
import type { TokenTree } from './vocabulary'

/** What may follow a node as far as its own rule and those that it calls say it, whatever goes on after it. */
interface Local {
  /** u32 [words] Tokens that may follow, those included that go on past the rule's end only at their own end. */
  readonly mask: Uint32Array
  /** Nodes of the token tree at which the rule may have ended, with tokens below. */
  readonly exits: readonly number[]
}

/**
 * Masks over a vocabulary. What a rule allows by itself is found once, wherever the rule is called from: only for tokens that
 * go past its end the caller is asked (XGrammar, arXiv:2411.15100 §3.1, has the same division). All is kept by state.
 */
export class Masks {
  readonly #states: States
  readonly #tree: TokenTree
  readonly #numWords: number
  readonly #endIds: readonly number[]
  readonly #never: readonly number[]
  /** [depth] The states on the way to the node of the tree at hand. */
  readonly #trail: State[]
  readonly #locals = new Map<number, Local>()
  #keptBytes = 0

  constructor(states: States, tree: TokenTree, numWords: number, endIds: readonly number[], never: readonly number[]) {
    this.#states = states
    this.#tree = tree
    this.#numWords = numWords
    this.#endIds = endIds
    this.#never = never
    this.#trail = new Array(tree.maxDepth + 1)
  }

  /** u32 [words] The bits of the tokens that may follow, which belong to the state. */
  of(state: State): Uint32Array {
    state.mask ??= this.#find(state)
    return state.mask
  }

  forget(): void {
    this.#locals.clear()
    this.#keptBytes = 0
  }

  #find(state: State): Uint32Array {
    const mask = this.#new()
    for (const { node, frame } of state.readings) {
      const local = this.#local(node)
      for (let word = 0; word < mask.length; word++) mask[word] |= local.mask[word]
      if (this.#states.isBottom(frame)) continue
      const after = this.#states.after(frame)
      for (const exit of local.exits) this.#walk(after, exit + 1, this.#tree.end[exit], mask)
    }
    // whatever the bytes of these are
    for (const id of this.#never) mask[id >>> 5] &= ~(1 << (id & 31))
    for (const id of this.#endIds) {
      if (state.canEnd) mask[id >>> 5] |= 1 << (id & 31)
      else mask[id >>> 5] &= ~(1 << (id & 31))
    }
    return mask
  }

  #local(node: number): Local {
    const known = this.#locals.get(node)
    if (known) return known
    const exits: number[] = []
    const mask = this.#new()
    this.#walk(this.#states.at(node), 0, this.#tree.byte.length, mask, exits)
    const local = { mask, exits }
    this.#locals.set(node, local)
    return local
  }

  #new(): Uint32Array {
    this.#keptBytes += 4 * this.#numWords
    if (this.#keptBytes > MAX_KEPT_MASK_BYTES) this.#states.forget()
    return new Uint32Array(this.#numWords)
  }

  /** Sets the bits of the tokens at and below the nodes from `first` to before `end`, siblings, that may follow `state`. */
  #walk(state: State, first: number, end: number, mask: Uint32Array, exits?: number[]): void {
    const { byte, depth, end: ends, firstToken, tokens } = this.#tree
    const trail = this.#trail
    const states = this.#states
    if (first < end) trail[depth[first] - 1] = state
    for (let node = first; node < end; ) {
      const at = depth[node]
      const before = trail[at - 1]
      const next = before.next[byte[node]] ?? states.step(before, byte[node])
      if (!next) {
        node = ends[node]
        continue
      }
      trail[at] = next
      for (let index = firstToken[node]; index < firstToken[node + 1]; index++) {
        mask[tokens[index] >>> 5] |= 1 << (tokens[index] & 31)
      }
      if (exits && next.canEnd && ends[node] > node + 1) exits.push(node)
      node++
    }
  }
}
