import type { Automaton } from './automaton'

/**
 * A language whose words are symbols: bytes, and calls of rules, which stand for any word of the rule's. Bytes are 0 to 255,
 * the call of rule r is 256 + r.
 */
export type Expression =
  | { readonly type: 'symbols'; readonly from: number; readonly to: number }
  | { readonly type: 'sequence'; readonly items: readonly Expression[] }
  | { readonly type: 'choice'; readonly items: readonly Expression[] }
  /** `max` may be Infinity. */
  | { readonly type: 'repeat'; readonly item: Expression; readonly min: number; readonly max: number }
  | { readonly type: 'automaton'; readonly automaton: Automaton }
  | Members

/** Members in their order, of which some may be left out, then any number of others, with a separator between each two. */
export interface Members {
  readonly type: 'members'
  readonly members: readonly { readonly item: Expression; readonly isRequired: boolean }[]
  readonly other: Expression
  readonly separator: Expression
}

/** The first symbol that is a call. */
export const CALLS = 256

const encoder = new TextEncoder()

/** The empty word alone. */
export const EMPTY: Expression = { type: 'sequence', items: [] }

/** No word at all. */
export const NOTHING: Expression = { type: 'choice', items: [] }

export function byteRange(from: number, to = from): Expression {
  return { type: 'symbols', from, to }
}

export function call(rule: number): Expression {
  return byteRange(CALLS + rule)
}

/** A text's UTF-8. */
export function literal(text: string): Expression {
  return sequence(...Array.from(encoder.encode(text), byte => byteRange(byte)))
}

export function sequence(...items: readonly Expression[]): Expression {
  return items.length === 1 ? items[0] : { type: 'sequence', items }
}

export function choice(...items: readonly Expression[]): Expression {
  return items.length === 1 ? items[0] : { type: 'choice', items }
}

export function repeat(item: Expression, min: number, max = Number.POSITIVE_INFINITY): Expression {
  return { type: 'repeat', item, min, max }
}

export function optional(item: Expression): Expression {
  return repeat(item, 0, 1)
}

export function embed(automaton: Automaton): Expression {
  return { type: 'automaton', automaton }
}
