import type { Operator } from './arithmetic'
import type { Value } from './values'

export type Expression =
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  /** The text that a filter block has written. */
  | { readonly kind: 'captured' }
  | { readonly kind: 'tuple' | 'list' | 'concat'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'unary'; readonly operator: 'not' | '+' | '-'; readonly operand: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: Operator | 'and' | 'or'
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly (readonly [string, Expression])[] }
  | {
      readonly kind: 'if'
      readonly test: Expression
      readonly value: Expression
      readonly otherwise: Expression | undefined
    }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly object: Expression; readonly index: Expression }
  | { readonly kind: 'slice'; readonly object: Expression; readonly bounds: readonly (Expression | undefined)[] }
  | { readonly kind: 'call'; readonly callee: Expression; readonly given: Arguments }
  | { readonly kind: 'filter' | 'test'; readonly name: string; readonly operand: Expression; readonly given: Arguments }

export interface Arguments {
  readonly positional: readonly Expression[]
  readonly keywords: readonly (readonly [string, Expression])[]
  /** `*args` */
  readonly rest: Expression | undefined
  /** `**kwargs` */
  readonly moreKeywords: Expression | undefined
}

export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] }
  | { readonly kind: 'member'; readonly namespace: string; readonly name: string }

export interface Parameter {
  readonly name: string
  readonly fallback: Expression | undefined
}

/** A macro, or what a `call` block gives as its `caller`. */
export interface Signature {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly body: readonly Statement[]
  /** Names that the body reads; those of `caller`, `kwargs` and `varargs` count, which need no declaration. */
  readonly reads: ReadonlySet<string>
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: readonly Statement[] }
  | {
      readonly kind: 'for'
      readonly target: Target
      readonly iterable: Expression
      readonly test: Expression | undefined
      readonly isRecursive: boolean
      readonly body: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'setBlock'
      readonly target: Target
      readonly filter: Expression
      readonly body: readonly Statement[]
    }
  | { readonly kind: 'filter'; readonly filter: Expression; readonly body: readonly Statement[] }
  | {
      readonly kind: 'with'
      readonly values: readonly (readonly [Target, Expression])[]
      readonly body: readonly Statement[]
    }
  | { readonly kind: 'macro'; readonly macro: Signature }
  | { readonly kind: 'callBlock'; readonly call: Expression & { kind: 'call' }; readonly caller: Signature }
  /** A body in a scope of its own: `block`, `generation`. */
  | { readonly kind: 'scope'; readonly isRoot: boolean; readonly body: readonly Statement[] }
  | { readonly kind: 'break' | 'continue' }

export interface Branch {
  readonly test: Expression
  readonly body: readonly Statement[]
}
