import type { Step } from '../gpu/step'

/** One of the ways to make a call, by rising `maxTokens`. All give the same bits. */
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
  /** For people. */
  readonly label: string
  /** All that its speed depends on beside the device and the shaders: calls of the same shape have the same fastest way. */
  readonly shape: string
  /** Products for a token. */
  readonly work: number
  /** As many as there is room for, or more. */
  readonly maxTokens: number
  readonly ways: readonly Way[]
  /** Makes the call into a step whose arena begins with zeros. */
  record(way: number, step: Step): (numTokens: number) => void
  /** From now on it is made so; the ways must have compiled. */
  use(choices: readonly WayChoice[]): void
}

export interface Tuning {
  /** Takes note of a call; says how to make it if that is known. */
  add(call: TunableCall): readonly WayChoice[] | undefined
}
