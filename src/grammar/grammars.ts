import type { Constraint } from '../core/constraint'
import type { StructuredOutputs } from '../core/structured-outputs'
import type { Work } from '../core/work'
import { compileProgram } from './compile-grammar'
import { Grammar } from './grammar'
import { type TokenTree, tokenTree, type Vocabulary } from './mask/vocabulary'
import { GrammarRow } from './row'

/** Grammars that are kept though no row has them any more; each holds up to 100 MB of states and masks. */
const MAX_KEPT = 2

/** The grammars over one model's vocabulary, each once for all rows that are held to it. */
export class Grammars {
  readonly #vocabulary: Vocabulary
  readonly #tree: TokenTree
  readonly #endIds: readonly number[]
  /** The texts of sources: the same object for many rows is written out once. */
  readonly #keys = new WeakMap<StructuredOutputs, string>()
  readonly #byKey = new Map<string, WeakRef<Grammar>>()
  /** The one used last at the end. */
  #kept: readonly Grammar[] = []
  /** The last source that is none, lest each of its rows try again. */
  #refused: { readonly key: string; readonly error: unknown } | undefined

  private constructor(vocabulary: Vocabulary, tree: TokenTree, endIds: readonly number[]) {
    this.#vocabulary = vocabulary
    this.#tree = tree
    this.#endIds = endIds
  }

  /** `endIds`: the tokens that end a text, admitted wherever the grammar lets it end. */
  static *of(vocabulary: Vocabulary, endIds: readonly number[]): Work<Grammars> {
    return new Grammars(vocabulary, yield* tokenTree(vocabulary), endIds)
  }

  /**
   * A row's way through the grammar of a source, which must not change. `hasEnd`: whether a token may end the text. `hasSpecial`: whether
   * special tokens are part of it.
   * @throws InvalidRequest for a source that is wrong, not supported, admits nothing, or is beyond the limits
   */
  row(source: StructuredOutputs, hasEnd: boolean, hasSpecial = false): Constraint {
    const text = this.#keys.get(source) ?? JSON.stringify(source)
    this.#keys.set(source, text)
    const grammar = this.#of(source, `${hasEnd} ${hasSpecial} ${text}`, hasEnd, hasSpecial)
    this.#kept = [...this.#kept.filter(each => each !== grammar), grammar].slice(-MAX_KEPT)
    return new GrammarRow(grammar)
  }

  #of(source: StructuredOutputs, key: string, hasEnd: boolean, hasSpecial: boolean): Grammar {
    const known = this.#byKey.get(key)?.deref()
    if (known) return known
    if (this.#refused?.key === key) throw this.#refused.error
    for (const [each, grammar] of this.#byKey) if (!grammar.deref()) this.#byKey.delete(each)
    try {
      const { specialIds = [] } = this.#vocabulary
      const never = [...(hasSpecial ? [] : specialIds), ...(hasEnd ? [] : this.#endIds)]
      const ends = hasEnd ? this.#endIds : []
      const grammar = new Grammar(compileProgram(source), this.#vocabulary, this.#tree, ends, never)
      this.#byKey.set(key, new WeakRef(grammar))
      return grammar
    } catch (error) {
      this.#refused = { key, error }
      throw error
    }
  }
}
