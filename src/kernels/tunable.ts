import type { Step } from '../gpu/step'

/** One of the ways to make a call, which are listed by rising `maxTokens`. All give the same bits. */
export interface Way {
  readonly name: string
  /** The most tokens for which it is thought to be the best. */
  readonly maxTokens: number
}

/** A way, by its index, for up to `maxTokens` tokens. */
export interface WayChoice {
  readonly way: number
  readonly maxTokens: number
}

/** A call that can be made in several ways, of which the fastest depends on the device. */
export interface TunableCall {
  /** A name for people. */
  readonly label: string
  /** The key of all that its speed depends on beside the device and the shaders: calls of the same shape have the same fastest way. */
  readonly shape: string
  /** Multiplications for a token. */
  readonly work: number
  /** A bound on the tokens of a call: there is room for no more. */
  readonly maxTokens: number
  readonly ways: readonly Way[]
  /** Makes the call into a step whose arena begins with zeros. */
  record(way: number, step: Step): (numTokens: number) => void
  /** Has the call made so from now on; the ways must have compiled. */
  use(choices: readonly WayChoice[]): void
}

export interface Tuning {
  /** Takes note of a call; says how to make it if that is known. */
  add(call: TunableCall): readonly WayChoice[] | undefined
}
