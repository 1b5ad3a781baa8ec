import type { Program } from './automaton/rules'
import { Masks } from './mask/masks'
import { type State, States } from './mask/readings'
import type { TokenTree, Vocabulary } from './mask/vocabulary'

export type GrammarState = State

/** A grammar over a vocabulary: which tokens may follow, whatever has been said so far. Shared by all rows that it holds. */
export class Grammar {
  readonly #states: States
  readonly #masks: Masks
  readonly #vocabulary: Vocabulary
  readonly #start: State
  /** u32 [ceil(vocabulary / 32)] The mask that admits no token. */
  readonly nothing: Uint32Array

  /** `endIds`: tokens that may be said wherever the text may end, and nowhere else. `never`: those that may be said nowhere. */
  constructor(
    program: Program,
    vocabulary: Vocabulary,
    tree: TokenTree,
    endIds: readonly number[] = [],
    never: readonly number[] = [],
  ) {
    this.#vocabulary = vocabulary
    this.#states = new States(program, () => this.#masks.forget())
    this.nothing = new Uint32Array(Math.ceil(vocabulary.size / 32))
    this.#masks = new Masks(this.#states, tree, this.nothing.length, endIds, never)
    this.#start = this.#states.at(0)
  }

  /** The state before the first token. */
  start(): GrammarState {
    return this.#start
  }

  /** The state after a token; undefined if it can't follow. */
  advance(state: GrammarState, tokenId: number): GrammarState | undefined {
    const bytes = this.#vocabulary.bytes[tokenId]
    if (!bytes || bytes.length === 0) return undefined
    let next: State | null = state
    for (const byte of bytes) {
      next = this.#states.step(next, byte)
      if (!next) return undefined
    }
    return next
  }

  /** u32 [ceil(vocabulary / 32)], bit id % 32 of word id / 32: the tokens that may follow. Shared, not to be written. */
  mask(state: GrammarState): Uint32Array {
    return this.#masks.of(state)
  }

  /** Whether the text must end here: nothing can follow. */
  isDone(state: GrammarState): boolean {
    return state.readings.length === 0
  }
}
