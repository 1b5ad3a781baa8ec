import type { Constraint } from '../core/constraint'
import type { StructuredOutputs } from '../core/structured-outputs'
import { compileProgram } from './compile-grammar'
import { Grammar } from './grammar'
import { type TokenTree, tokenTree, type Vocabulary } from './mask/vocabulary'
import { GrammarRow } from './row'

/** Grammars that are kept though no row may have them any more; each holds up to 100 MB of states and masks. */
const MAX_KEPT = 8

/** The grammars over one model's vocabulary, each made once as long as it is used again. */
export class Grammars {
  readonly #vocabulary: Vocabulary
  readonly #endIds: readonly number[]
  readonly #tree: TokenTree
  /** By the sources of calls that are under way: the same for all rows. */
  readonly #bySource = [new WeakMap<StructuredOutputs, Grammar>(), new WeakMap<StructuredOutputs, Grammar>()]
  /** By the texts of their sources, the one used last at the end. */
  readonly #kept = new Map<string, Grammar>()

  /** `endIds`: the tokens that end a text, admitted wherever the grammar lets it end. */
  constructor(vocabulary: Vocabulary, endIds: readonly number[]) {
    this.#vocabulary = vocabulary
    this.#endIds = endIds
    this.#tree = tokenTree(vocabulary)
  }

  /** A row's way through the grammar of a source, which must not change. `hasEnd`: whether a token may end the text. @throws InvalidRequest */
  row(source: StructuredOutputs, hasEnd: boolean): Constraint {
    const sources = this.#bySource[Number(hasEnd)]
    const grammar = sources.get(source) ?? this.#of(source, hasEnd)
    sources.set(source, grammar)
    return new GrammarRow(grammar)
  }

  #of(source: StructuredOutputs, hasEnd: boolean): Grammar {
    const key = `${hasEnd} ${JSON.stringify(source)}`
    const endIds = hasEnd ? this.#endIds : []
    const grammar = this.#kept.get(key) ?? new Grammar(compileProgram(source), this.#vocabulary, this.#tree, endIds)
    this.#kept.delete(key)
    this.#kept.set(key, grammar)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(oldest)
    return grammar
  }
}
