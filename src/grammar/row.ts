import type { Constraint } from '../core/constraint'
import type { Grammar, GrammarState } from './grammar'

/** One row's way through a grammar that it shares with others. */
export class GrammarRow implements Constraint {
  readonly #grammar: Grammar
  #state: GrammarState

  constructor(grammar: Grammar) {
    this.#grammar = grammar
    this.#state = grammar.start()
  }

  get mask(): Uint32Array {
    return this.#grammar.mask(this.#state)
  }

  get isDone(): boolean {
    return this.#grammar.isDone(this.#state)
  }

  /** A token that can't follow changes nothing: what no mask admits is drawn only where no logit is finite. */
  advance(tokenId: number): void {
    this.#state = this.#grammar.advance(this.#state, tokenId) ?? this.#state
  }
}
