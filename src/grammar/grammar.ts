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

  /** `endIds`: tokens that may be said wherever the text may end. */
  constructor(program: Program, vocabulary: Vocabulary, tree: TokenTree, endIds: readonly number[] = []) {
    this.#vocabulary = vocabulary
    this.#states = new States(program, () => this.#masks.forget())
    this.#masks = new Masks(this.#states, tree, Math.ceil(vocabulary.size / 32), endIds)
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

  /** Whether the text may end here. */
  canEnd(state: GrammarState): boolean {
    return state.canEnd
  }

  /** Whether the text must end here: nothing can follow. */
  isDone(state: GrammarState): boolean {
    return state.readings.length === 0
  }

  /** The only token that may follow, if there is one and the text can't end. */
  forced(state: GrammarState): number | undefined {
    return state.canEnd ? undefined : onlyBit(this.mask(state))
  }
}

function onlyBit(mask: Uint32Array): number | undefined {
  let found: number | undefined
  for (let word = 0; word < mask.length; word++) {
    const bits = mask[word]
    if (bits === 0) continue
    if (found !== undefined || (bits & (bits - 1)) !== 0) return undefined
    found = word * 32 + 31 - Math.clz32(bits)
  }
  return found
}
