import type { Constraint } from '../core/constraint'
import { InvalidRequest } from '../core/errors'
import type { Grammar, GrammarState } from './grammar'

/** One row's way through a grammar that it shares with others. */
export class GrammarRow implements Constraint {
  readonly #grammar: Grammar
  #state: GrammarState
  #failure: InvalidRequest | undefined

  constructor(grammar: Grammar) {
    this.#grammar = grammar
    this.#state = grammar.start()
  }

  get mask(): Uint32Array {
    return this.#bounded(() => this.#grammar.mask(this.#state)) ?? this.#grammar.nothing
  }

  get isDone(): boolean {
    return this.#grammar.isDone(this.#state)
  }

  get failure(): InvalidRequest | undefined {
    return this.#failure
  }

  /** A token that can't follow changes nothing: what no mask admits is drawn only where no logit is finite. */
  advance(tokenId: number): void {
    this.#state = this.#bounded(() => this.#grammar.advance(this.#state, tokenId)) ?? this.#state
  }

  /** What `find` finds, unless that is beyond the limits, now or before: a fault of this row's grammar and no other's. */
  #bounded<T>(find: () => T): T | undefined {
    if (this.#failure) return undefined
    try {
      return find()
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error
      this.#failure = error
      return undefined
    }
  }
}
