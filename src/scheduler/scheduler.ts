import { assert } from '../core/assert'
import type { Batch, Chunk, Draw } from '../core/batch'
import { blocksFor } from '../core/block'
import { needsHistory } from '../core/sampling-params'
import type { FinishReason, Sequence } from '../core/sequence'
import type { BlockPool } from '../kv/block-pool'
import { checkRequest } from './check-request'
import { checkSequences, checkSlots } from './integrity'
import { WaitQueue } from './wait-queue'

/** Part of the pool that admission leaves free, so that those running can grow before one must be preempted (Sarathi-Serve). */
const WATERMARK = 0.01

/** A draw that arrived and was appended to its sequence. */
export interface Completed {
  readonly sequence: Sequence
  readonly draw: Draw
}

/** What has been scheduled so far. Recomputation after a preemption counts again. */
export interface SchedulerStats {
  steps: number
  preemptions: number
  /** Tokens of prompts. */
  prefillTokens: number
  /** Tokens that were drawn and then fed back. */
  decodeTokens: number
}

/** The step being decided; `room`: tokens that the budget still admits. */
interface Step {
  readonly chunks: Chunk[]
  room: number
}

/**
 * Continuous batching with stall-free steps under a token budget, first come first served
 * (Sarathi-Serve, arXiv:2403.02310 §4.2 and algorithm 3; preemption by recomputation as in vLLM, arXiv:2309.06180 §4.5).
 *
 * Beyond the paper, steps are pipelined: `next` may be called again before `complete`. A sequence whose last token is
 * still in flight is decoded all the same, since its position is known and the GPU finds the token in `slot`; an end of
 * sequence is noticed when it arrives, and the draws already in flight behind it are dropped. Only one whose draws
 * depend on those before (penalties) waits for each to arrive. The GPU runs steps in the order they were decided, so
 * blocks and slots can be handed on at once.
 *
 * Laws:
 * - Running, then waiting sequences are in order of arrival. The one that arrived first is preempted last, so it always
 *   gets on, and with no step in flight `next` finds work if there is any.
 * - Every running sequence advances in each step, unless it waits for draws in flight: one is admitted only into room
 *   that those before it leave. So decodes never exceed the budget, and only the last prompt running is partly computed.
 */
export class Scheduler {
  readonly #pool: BlockPool
  readonly #tokenBudget: number
  readonly #contextLength: number
  readonly #waiting = new WaitQueue()
  /** In order of arrival. Each has a slot, and blocks for its whole prompt; those for its output come as it grows. */
  #running: Sequence[] = []
  /** A running sequence has a block of its own, so there are never more of them than blocks. */
  readonly #freeSlots: number[]
  /** Decided, not completed; oldest first. */
  readonly #inFlight: Batch[] = []
  readonly #stats: SchedulerStats = { steps: 0, preemptions: 0, prefillTokens: 0, decodeTokens: 0 }

  /** `tokenBudget`: most tokens in a step. `contextLength`: most tokens in a sequence. */
  constructor(options: { pool: BlockPool; tokenBudget: number; contextLength: number }) {
    assert(options.tokenBudget >= 1, `The token budget is ${options.tokenBudget}; a step needs at least 1 token.`)
    this.#pool = options.pool
    this.#tokenBudget = options.tokenBudget
    this.#contextLength = options.contextLength
    this.#freeSlots = Array.from({ length: options.pool.numBlocks }, (_, slot) => options.pool.numBlocks - 1 - slot)
  }

  /** Sequences are waiting or running. Draws of finished ones may be in flight even if not. */
  get hasWork(): boolean {
    return this.numRunning + this.numWaiting > 0
  }

  get numWaiting(): number {
    return this.#waiting.size
  }

  get numRunning(): number {
    return this.#running.length
  }

  get stats(): Readonly<SchedulerStats> {
    return this.#stats
  }

  /** Queues a new sequence. Throws `InvalidRequest` if it could not run even alone. */
  add(sequence: Sequence): void {
    assert(sequence.numComputed === 0 && !sequence.isFinished, `Sequence ${sequence.id} has run already.`)
    assert(!this.#waiting.has(sequence), `Sequence ${sequence.id} waits already.`)
    checkRequest(sequence, this.#contextLength, this.#pool.numBlocks)
    this.#waiting.add(sequence)
  }

  /**
   * Decides the next step, as if it had been submitted when this returns. Undefined if there is nothing to compute:
   * no work, or none until a step in flight completes.
   */
  next(): Batch | undefined {
    const step: Step = { chunks: [], room: this.#tokenBudget }
    this.#scheduleDecodes(step)
    this.#continuePrefill(step)
    this.#admitWaiting(step)
    if (step.chunks.length === 0) return undefined
    const batch = { chunks: step.chunks, numTokens: step.chunks.reduce((sum, { count }) => sum + count, 0) }
    this.#inFlight.push(batch)
    this.#stats.steps++
    return batch
  }

  /**
   * Accounts for a step that has run; steps complete in the order they were decided. `draws`: one for each drawing
   * chunk, in order. Appends them, except those of sequences finished meanwhile, and finishes sequences that reached
   * their end: 'stop' at an end-of-sequence token, which stays the last of `tokens`, or 'length'.
   */
  complete(batch: Batch, draws: readonly Draw[]): Completed[] {
    assert(batch === this.#inFlight.shift(), 'Steps must complete in the order they were decided.')
    const drawing = batch.chunks.filter(chunk => chunk.draws)
    assert(drawing.length === draws.length, `${draws.length} draws for ${drawing.length} drawing chunks.`)
    const completed: Completed[] = []
    drawing.forEach(({ sequence }, index) => {
      sequence.numPending--
      if (sequence.isFinished) return
      const draw = draws[index]
      sequence.tokens.push(draw.tokenId)
      completed.push({ sequence, draw })
      if (!sequence.params.ignoreEos && sequence.eosTokenIds.includes(draw.tokenId)) this.#end(sequence, 'stop')
      else if (sequence.tokens.length === sequence.maxLen) this.#end(sequence, 'length')
    })
    this.#dropEnded()
    return completed
  }

  /** Ends a sequence wherever it is; its blocks are free at once. Does nothing if it is finished. */
  finish(sequence: Sequence, reason: FinishReason): void {
    if (sequence.isFinished) return
    this.#end(sequence, reason)
    this.#dropEnded()
  }

  /**
   * Takes blocks and slot from the running sequence that arrived last and returns it; undefined if none runs. It goes to
   * the front of the queue and is computed again, from its first token, once its draws in flight have arrived.
   */
  preemptLast(): Sequence | undefined {
    const victim = this.#running.pop()
    if (!victim) return undefined
    this.#release(victim)
    victim.numComputed = 0
    this.#waiting.addFirst(victim)
    this.#stats.preemptions++
    return victim
  }

  /** Asserts the laws of blocks, slots, queues and counters; assumes that no one else holds blocks of the pool. */
  checkIntegrity(): void {
    this.#pool.checkIntegrity(this.#running.map(sequence => sequence.blockTable))
    checkSlots(this.#pool.numBlocks, this.#freeSlots, this.#running)
    checkSequences(this.#running, [...this.#waiting], this.#inFlight)
  }

  /** Phase 1: one token for every running decode, so that none stalls. A preemption shortens the list from its end. */
  #scheduleDecodes(step: Step): void {
    for (const sequence of this.#running) {
      if (sequence.numRemaining > 1 || sequence.length === sequence.maxLen) continue
      // Keeps its place in the budget while it waits, lest those admitted meanwhile crowd it out.
      if (sequence.numPending > 0 && needsHistory(sequence.params)) step.room--
      else if (this.#growForNextToken(sequence)) this.#schedule(sequence, step)
    }
  }

  /** Phase 2: the prompt that is partly computed takes what room is left. Its blocks are allocated already. */
  #continuePrefill(step: Step): void {
    const last = this.#running.at(-1)
    if (last && last.numRemaining > 1) this.#schedule(last, step)
  }

  /** Phase 3: new sequences, while there is room and the whole of the first in the queue fits; no one overtakes it. */
  #admitWaiting(step: Step): void {
    while (step.room > 0) {
      const sequence = this.#waiting.first
      if (!sequence || !this.#canAdmit(sequence)) return
      const blocks = this.#pool.allocateMany(blocksFor(sequence.length))
      const slot = this.#freeSlots.pop()
      assert(blocks !== undefined && slot !== undefined, `No blocks or no slot for sequence ${sequence.id}.`)
      sequence.blockTable = blocks
      sequence.slot = slot
      this.#waiting.remove(sequence)
      this.#running.push(sequence)
      this.#schedule(sequence, step)
    }
  }

  /** A preempted sequence must know all its tokens before it is computed again: slots do not survive preemption. */
  #canAdmit(sequence: Sequence): boolean {
    const reserve = this.numRunning === 0 ? 0 : Math.ceil(this.#pool.numBlocks * WATERMARK)
    return sequence.numPending === 0 && blocksFor(sequence.length) + reserve <= this.#pool.numFree
  }

  /** Makes place for one more token, at the cost of those that arrived last. False if the sequence itself had to go. */
  #growForNextToken(sequence: Sequence): boolean {
    if (sequence.blockTable.length === blocksFor(sequence.length)) return true
    let block = this.#pool.allocate()
    while (block === undefined) {
      if (this.preemptLast() === sequence) return false
      block = this.#pool.allocate()
    }
    sequence.blockTable.push(block)
    return true
  }

  /** Adds as many of the sequence's remaining tokens as there is room for, and moves its counters as if they had run. */
  #schedule(sequence: Sequence, step: Step): void {
    const start = sequence.numComputed
    const count = Math.min(sequence.numRemaining, step.room)
    const end = start + count
    const { id, slot, promptLen } = sequence
    assert(count > 0 && slot !== undefined, `Sequence ${id}: ${count} tokens scheduled, in slot ${slot}.`)
    const draws = end === sequence.length
    step.chunks.push({ sequence, start, count, draws, blockTable: sequence.blockTable.slice(0, blocksFor(end)), slot })
    step.room -= count
    sequence.numComputed = end
    if (draws) sequence.numPending++
    const numPrompt = Math.max(0, Math.min(end, promptLen) - start)
    this.#stats.prefillTokens += numPrompt
    this.#stats.decodeTokens += count - numPrompt
  }

  /** The sequence stays in `#running` until `#dropEnded`, once for all that ended together. */
  #end(sequence: Sequence, reason: FinishReason): void {
    this.#release(sequence)
    this.#waiting.remove(sequence)
    sequence.finishReason = reason
  }

  #dropEnded(): void {
    this.#running = this.#running.filter(sequence => !sequence.isFinished)
  }

  /** Does nothing if the sequence does not run. */
  #release(sequence: Sequence): void {
    if (sequence.slot === undefined) return
    for (const block of sequence.blockTable.toReversed()) this.#pool.release(block)
    this.#freeSlots.push(sequence.slot)
    sequence.blockTable = []
    sequence.slot = undefined
  }
}
