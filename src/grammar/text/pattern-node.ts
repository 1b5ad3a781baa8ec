import { InvalidRequest } from '../../core/errors'
import { choice, EMPTY, type Expression, repeat, sequence } from '../automaton/expression'
import type { CodePoints } from './code-points'

/** A regular expression as a tree; groups are their content. */
export type PatternNode =
  | { readonly type: 'set'; readonly codePoints: CodePoints }
  | { readonly type: 'begin' }
  | { readonly type: 'end' }
  | { readonly type: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly type: 'choice'; readonly items: readonly PatternNode[] }
  | { readonly type: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number }

/** How one code point of a set is written. */
export type Writer = (codePoints: CodePoints) => Expression

/** An alternative of a pattern, and whether it begins where the text does, and ends where it ends. */
interface Anchored {
  readonly atBegin: boolean
  readonly atEnd: boolean
  readonly expression: Expression
}

/**
 * The texts in which the pattern is found. `around`: what may stand before and after a match that is not held to the text's
 * begin or end; the empty word where the pattern must match the whole text.
 */
export function textsOf(node: PatternNode, write: Writer, around: Expression): Expression {
  const texts = anchored(node, write).map(({ atBegin, atEnd, expression }) => {
    return sequence(...(atBegin ? [] : [around]), expression, ...(atEnd ? [] : [around]))
  })
  return choice(...texts)
}

/** The alternatives of a node, at most one of each kind. */
function anchored(node: PatternNode, write: Writer): Anchored[] {
  switch (node.type) {
    case 'choice':
      return joined(node.items.flatMap(item => anchored(item, write)))
    case 'sequence':
      return joined(anchoredSequence(node.items, write))
    case 'begin':
    case 'end':
      return anchoredSequence([node], write)
    default:
      return [{ atBegin: false, atEnd: false, expression: plain(node, write) }]
  }
}

function anchoredSequence(items: readonly PatternNode[], write: Writer): Anchored[] {
  const numBegins = items.findIndex(({ type }) => type !== 'begin')
  const from = numBegins < 0 ? items.length : numBegins
  const to = Math.max(from, items.findLastIndex(({ type }) => type !== 'end') + 1)
  const whole = { atBegin: from > 0, atEnd: to < items.length }
  if (from === to) return [{ ...whole, expression: EMPTY }]
  const [first, ...rest] = items.slice(from, to)
  const last = rest.pop()
  const middle = rest.map(item => plain(item, write))
  return anchored(first, write).flatMap(head => {
    if (!last) return { ...head, atBegin: head.atBegin || whole.atBegin, atEnd: head.atEnd || whole.atEnd }
    if (head.atEnd) throw misplaced()
    return anchored(last, write).map(tail => {
      if (tail.atBegin) throw misplaced()
      const expression = sequence(head.expression, ...middle, tail.expression)
      return { atBegin: head.atBegin || whole.atBegin, atEnd: tail.atEnd || whole.atEnd, expression }
    })
  })
}

/** Those of the same anchors as one, lest what follows be written out for each. */
function joined(alternatives: readonly Anchored[]): Anchored[] {
  const byAnchors = new Map<string, Anchored[]>()
  for (const each of alternatives) {
    const key = `${each.atBegin} ${each.atEnd}`
    const same = byAnchors.get(key)
    if (same) same.push(each)
    else byAnchors.set(key, [each])
  }
  return [...byAnchors.values()].map(same => ({ ...same[0], expression: choice(...same.map(each => each.expression)) }))
}

/** The expression of a node without anchors. */
function plain(node: PatternNode, write: Writer): Expression {
  switch (node.type) {
    case 'set':
      return write(node.codePoints)
    case 'sequence':
      return sequence(...node.items.map(item => plain(item, write)))
    case 'choice':
      return choice(...node.items.map(item => plain(item, write)))
    case 'repeat':
      return repeat(plain(node.item, write), node.min, node.max)
    default:
      throw misplaced()
  }
}

function misplaced(): InvalidRequest {
  return new InvalidRequest('^ and $ are supported at the begin and the end of a pattern and of its alternatives only.')
}
