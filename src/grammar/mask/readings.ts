import { InvalidRequest } from '../../core/errors'
import type { Program } from '../automaton/rules'
import { MAX_KEPT_STATES, MAX_READINGS, MAX_TRIED_READINGS } from '../limits'

/** What goes on when a rule ends: a node, and what goes on when that one's rule ends. */
export interface Frame {
  readonly id: number
  readonly node: number
  readonly below: Frame
  /** The state of those that return here; found when it is asked for. */
  back: State | undefined
}

/** A way to read a text so far: at a node, within the rules of its frames. */
export interface Reading {
  readonly node: number
  readonly frame: Frame
}

/** All ways to read a text so far: what may follow depends on nothing else. */
export interface State {
  readonly readings: readonly Reading[]
  /** Whether the text may end here. */
  readonly canEnd: boolean
  /** [256] The state after each byte, undefined where it is not known yet, null where there is none. */
  next: (State | null | undefined)[]
  /** u32 [words] Bits of the tokens that may follow, once they are known. */
  mask: Uint32Array | undefined
}

/** The states of a program, found as they are needed, each once: a deterministic automaton with a stack. */
export class States {
  readonly #program: Program
  readonly #bottom: Frame
  readonly #onForget: () => void
  readonly #frames = new Map<string, Frame>()
  readonly #states = new Map<string, State>()
  #numFrames = 0

  /** `onForget` is called when all that was found is forgotten, lest it grow without bound. */
  constructor(program: Program, onForget: () => void) {
    this.#program = program
    this.#onForget = onForget
    const bottom = { id: 0, node: -1, back: undefined } as unknown as { below: Frame } & Frame
    bottom.below = bottom
    this.#bottom = bottom
  }

  /** The state in which `node` is read, as if its rule were the whole grammar. */
  at(node: number): State {
    return this.#closed([{ node, frame: this.#bottom }])
  }

  /** Whether what ends in this frame ends the text. */
  isBottom(frame: Frame): boolean {
    return frame === this.#bottom
  }

  /** The state after the rule above `frame` has ended. */
  after(frame: Frame): State {
    frame.back ??= this.#closed([{ node: frame.node, frame: frame.below }])
    return frame.back
  }

  /** The state after a byte; null if it can't follow. All bytes that lead to the same are found together. */
  step(state: State, byte: number): State | null {
    const known = state.next[byte]
    if (known !== undefined) return known
    const found: Reading[] = []
    let [first, last] = [0, 255]
    for (const { node, frame } of state.readings) {
      const { bytes } = this.#program[node]
      for (let at = 0; at < bytes.length; at += 3) {
        const [from, to] = [bytes[at], bytes[at + 1]]
        if (byte < from) last = Math.min(last, from - 1)
        else if (byte > to) first = Math.max(first, to + 1)
        else {
          first = Math.max(first, from)
          last = Math.min(last, to)
          found.push({ node: bytes[at + 2], frame })
        }
      }
    }
    const next = found.length === 0 ? null : this.#closed(found)
    for (let each = first; each <= last; each++) state.next[each] = next
    return next
  }

  /** Forgets all states, so that those in use find anew what follows them. */
  forget(): void {
    for (const state of this.#states.values()) {
      state.next = []
      state.mask = undefined
      for (const { frame } of state.readings) for (let at = frame; at.back; at = at.below) at.back = undefined
    }
    this.#states.clear()
    this.#frames.clear()
    this.#onForget()
  }

  /** The state of these readings and of all that they lead to without a byte. */
  #closed(readings: readonly Reading[]): State {
    const program = this.#program
    const seen = new Set<string>()
    const kept = new Map<string, Reading>()
    let canEnd = false
    const todo = [...readings]
    for (let reading = todo.pop(); reading; reading = todo.pop()) {
      const { node, frame } = reading
      const key = `${node}:${frame.id}`
      if (seen.has(key)) continue
      seen.add(key)
      if (kept.size > MAX_READINGS || seen.size > MAX_TRIED_READINGS) throw ambiguous()
      const { isFinal, bytes, calls } = program[node]
      if (bytes.length > 0) kept.set(key, reading)
      if (isFinal && frame === this.#bottom) canEnd = true
      else if (isFinal) todo.push({ node: frame.node, frame: frame.below })
      for (let at = 0; at < calls.length; at += 2) {
        todo.push({ node: calls[at], frame: this.#frame(calls[at + 1], frame) })
      }
    }
    return this.#kept(kept, canEnd)
  }

  #kept(readings: ReadonlyMap<string, Reading>, canEnd: boolean): State {
    const key = `${[...readings.keys()].sort().join(' ')} ${canEnd}`
    const known = this.#states.get(key)
    if (known) return known
    if (this.#states.size >= MAX_KEPT_STATES) this.forget()
    const state: State = { readings: [...readings.values()], canEnd, next: [], mask: undefined }
    this.#states.set(key, state)
    return state
  }

  #frame(node: number, below: Frame): Frame {
    const { isFinal, bytes, calls } = this.#program[node]
    // a call at a rule's end needs no return
    if (isFinal && bytes.length === 0 && calls.length === 0) return below
    const key = `${node}:${below.id}`
    const known = this.#frames.get(key)
    if (known) return known
    const frame: Frame = { id: ++this.#numFrames, node, below, back: undefined }
    this.#frames.set(key, frame)
    return frame
  }
}

function ambiguous(): InvalidRequest {
  return new InvalidRequest(
    `A text can be read in more than ${MAX_READINGS} ways by the grammar. Make its alternatives begin apart.`,
  )
}
