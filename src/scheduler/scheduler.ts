import { assert } from '../core/assert'
import type { Batch, Chunk, ChunkBlocks, Copy, Draw } from '../core/batch'
import { type BlockTable, blocksFor } from '../core/block'
import { needsHistory } from '../core/sampling-params'
import type { FinishReason, Sequence } from '../core/sequence'
import type { BlockPool } from '../kv/block-pool'
import type { Share } from '../kv/claim'
import { checkRequest } from './check-request'
import { checkSequences, checkSlots } from './integrity'
import type { Completed, SchedulerOptions, SchedulerStats } from './interface'
import { SequenceBlocks } from './sequence-blocks'
import { type Call, WaitQueue } from './wait-queue'

/** The step being decided. */
interface Step {
  readonly chunks: Chunk[]
  /** Tokens that the budget still admits. */
  room: number
  /** Tokens that sequences may still hold whose draws depend on all of them. */
  history: number
}

/**
 * Continuous batching with stall-free steps under a token budget (Sarathi-Serve, arXiv:2403.02310 §4.2 and algorithm 3),
 * with shared prefixes, and with admission bounded by memory so that nobody admitted is ever preempted for want of
 * blocks (sequence-blocks.ts).
 *
 * Beyond the paper, steps are pipelined: `next` may be called again before `complete`. A sequence whose last token is
 * still in flight is decoded all the same, since its position is known and the GPU finds the token in `slot`; an end of
 * sequence is noticed when it arrives, and the draws already in flight behind it are dropped. Only one whose draws
 * depend on those before (penalties) waits for each to arrive. The GPU runs steps in the order they were decided, and
 * within a step writes all K and V of a layer before it reads any, so blocks and slots can be handed on at once, and a
 * prefix is there for others as soon as its computation is decided.
 *
 * Laws:
 * - Those running are in order of their start, and start in the order of the queue. The one that started first is
 *   preempted last, so it always gets on, and with no step in flight `next` finds work if there is any.
 * - Every running sequence advances in each step, unless it waits for draws in flight or, with penalties, for a step
 *   that has room for its history: one is admitted only into room that those before it leave. So decodes never exceed the budget, and only the last prompt running is partly computed.
 */
export class Scheduler {
  readonly #pools: readonly BlockPool[]
  readonly #blocks: SequenceBlocks
  readonly #tokenBudget: number
  readonly #contextLength: number
  readonly #vocabSize: number
  readonly #historyTokens: number
  /** Once is enough: it looks at every token, and thousands may be added together. */
  readonly #checked = new WeakSet<Sequence>()
  readonly #waiting = new WaitQueue()
  /** In order of their start. Each has a slot; blocks come as it grows. */
  #running: Sequence[] = []
  /** As many as blocks of the first pool: sequences that share all but their last block have one each. */
  readonly #freeSlots: number[]
  /** Decided, not completed; oldest first. */
  readonly #inFlight: Batch[] = []
  readonly #snapshots = new WeakMap<BlockTable, ChunkBlocks>()
  readonly #stats: SchedulerStats = { steps: 0, preemptions: 0, prefillTokens: 0, savedTokens: 0, decodeTokens: 0 }

  constructor(options: SchedulerOptions) {
    const { pools, tokenBudget, contextLength, stepsInFlight = 1 } = options
    assert(tokenBudget >= 1, `The token budget is ${tokenBudget}; a step needs at least 1 token.`)
    this.#pools = pools
    this.#blocks = new SequenceBlocks(pools, stepsInFlight)
    this.#tokenBudget = tokenBudget
    this.#contextLength = contextLength
    this.#vocabSize = options.vocabSize
    this.#historyTokens = options.historyTokens ?? Number.POSITIVE_INFINITY
    const [{ numBlocks }] = pools
    this.#freeSlots = Array.from({ length: numBlocks }, (_, slot) => numBlocks - 1 - slot)
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

  /** [pools] Blocks that running sequences hold or that are kept for waiting ones, and the most so far. */
  get usedBlocks(): readonly number[] {
    return this.#blocks.numUsed
  }

  get peakBlocks(): readonly number[] {
    return this.#blocks.peakUsed
  }

  /**
   * Says, before a sequence is added, what it shares: that is then kept from the first that computes it until the last
   * that wants it is done. Without, a sequence shares whatever is there when its turn comes.
   */
  claim(sequence: Sequence, share: Share): void {
    assert(sequence.numComputed === 0 && !this.isWaiting(sequence), `Sequence ${sequence.id} claims too late.`)
    this.#blocks.claim(sequence, share)
  }

  /**
   * Queues a new sequence, behind the others of its `call`, whose `priority` its first one says; with a `share`, it claims
   * that too.
   * Throws `InvalidRequest` if it could not run even alone.
   */
  add(
    sequence: Sequence,
    { share, call = this, priority }: { readonly share?: Share; readonly call?: Call; readonly priority?: number } = {},
  ): void {
    assert(sequence.numComputed === 0 && !sequence.isFinished, `Sequence ${sequence.id} has run already.`)
    assert(!this.isWaiting(sequence), `Sequence ${sequence.id} waits already.`)
    this.check(sequence)
    if (share) this.claim(sequence, share)
    this.#waiting.add(sequence, call, priority)
  }

  /** Not started yet, or preempted. */
  isWaiting(sequence: Sequence): boolean {
    return this.#waiting.has(sequence)
  }

  /** Throws `InvalidRequest` if the sequence could not run even alone. */
  check(sequence: Sequence): void {
    if (this.#checked.has(sequence)) return
    const mostBlocks = this.#blocks.mostBlocks(this.#tokenBudget)
    checkRequest(sequence, this.#vocabSize, this.#contextLength, this.#pools, mostBlocks)
    this.#checked.add(sequence)
  }

  /** Starts no more sequences of a call, whose others go on until they are finished too. */
  withdraw(call: Call): void {
    this.#waiting.withdraw(call)
  }

  /** Puts those sequences of a call that have not started into this order; any not named come last. */
  reorder(call: Call, order: readonly Sequence[]): void {
    this.#waiting.reorder(call, order)
  }

  /**
   * Decides the next step, as if it had been submitted when this returns. Undefined if there is nothing to compute:
   * no work, or none until a step in flight completes.
   */
  next(): Batch | undefined {
    this.#blocks.beginStep(this.#running)
    const step: Step = { chunks: [], room: this.#tokenBudget, history: this.#historyTokens }
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
      if (sequence.slot !== undefined) this.#blocks.publish(sequence)
      completed.push({ sequence, draw })
      if (!sequence.params.ignoreEos && sequence.eosTokenIds.includes(draw.tokenId)) this.#end(sequence, 'stop')
      else if (sequence.tokens.length === sequence.maxLen) this.#end(sequence, 'length')
    })
    this.#dropEnded()
    return completed
  }

  /** Ends a sequence wherever it is; what no one else wants of its blocks can be had at once. Does nothing if it is finished. */
  finish(sequence: Sequence, reason: FinishReason): void {
    if (sequence.isFinished) return
    this.#end(sequence, reason)
    this.#dropEnded()
  }

  /**
   * Takes blocks and slot from the running sequence that started last and returns it; undefined if none runs. It goes to
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
    this.#blocks.checkIntegrity(this.#running)
    checkSlots(this.#pools[0].numBlocks, this.#freeSlots, this.#running)
    checkSequences(this.#running, [...this.#waiting], this.#inFlight)
  }

  /** Phase 1: one token for every running decode, so that none stalls. A preemption shortens the list from its end. */
  #scheduleDecodes(step: Step): void {
    for (const sequence of this.#running) {
      if (sequence.numRemaining > 1 || sequence.length === sequence.maxLen) continue
      // Keeps its place in the budget while it waits, lest those admitted meanwhile crowd it out.
      if (mustWait(sequence, step)) step.room--
      else this.#schedule(sequence, step)
    }
  }

  /** Phase 2: the prompt that is partly computed takes what room is left. */
  #continuePrefill(step: Step): void {
    const last = this.#running.at(-1)
    if (last && last.numRemaining > 1) this.#schedule(last, step)
  }

  /** Phase 3: new sequences, while there is room and the first in the queue fits to its end; no one overtakes it. */
  #admitWaiting(step: Step): void {
    while (step.room > 0) {
      const sequence = this.#waiting.first
      if (!sequence || !this.#canStart(sequence, step)) return
      this.#waiting.remove(sequence)
      const copies = this.#blocks.admit(sequence, step.room)
      sequence.slot = this.#freeSlots.pop()
      this.#stats.savedTokens += Math.min(sequence.numComputed, sequence.promptLen)
      this.#running.push(sequence)
      this.#schedule(sequence, step, copies)
    }
  }

  /** A preempted sequence must know all its tokens before it is computed again: slots do not survive preemption. */
  #canStart(sequence: Sequence, step: Step): boolean {
    if (sequence.numPending > 0 || this.#freeSlots.length === 0 || mustWait(sequence, step)) return false
    // its prefill gets what the others, with one token each, leave of every step
    const leastRoom = Math.max(1, this.#tokenBudget - this.numRunning)
    const prefillSteps = Math.ceil(Math.max(0, sequence.length - step.room) / leastRoom)
    const prefill = { room: step.room, tokenBudget: this.#tokenBudget, numSteps: prefillSteps }
    return this.#blocks.makeRoomFor(sequence, this.#running, prefill)
  }

  /** Makes place for the tokens before `end`, if need be at the cost of those that started last. False if the sequence itself had to go. */
  #makeRoomFor(sequence: Sequence, end: number): boolean {
    while (!this.#blocks.grow(sequence, end)) if (this.preemptLast() === sequence) return false
    return true
  }

  /**
   * Adds as many of the sequence's remaining tokens as there is room for, and moves its counters as if they had run. Adds
   * none if it had to go for want of blocks.
   */
  #schedule(sequence: Sequence, step: Step, copies: readonly (readonly Copy[])[] = []): void {
    const start = sequence.numComputed
    // a prompt that must wait with its draw waits with its last token
    const count = Math.min(sequence.numRemaining - Number(mustWait(sequence, step)), step.room)
    const end = start + count
    if (!this.#makeRoomFor(sequence, end)) return
    const { slot, promptLen } = sequence
    assert(count > 0 && slot !== undefined, 'A sequence without a slot is scheduled, or for no token.')
    const draws = end === sequence.length
    const groups = sequence.blockTables.map((table, group) => this.#snapshot(table, blocksFor(end), copies[group]))
    step.chunks.push({ sequence, start, count, draws, slot, groups })
    step.room -= count
    sequence.numComputed = end
    this.#blocks.publish(sequence)
    if (draws) sequence.numPending++
    if (draws && needsHistory(sequence.params)) step.history -= sequence.length
    const numPrompt = Math.max(0, Math.min(end, promptLen) - start)
    this.#stats.prefillTokens += numPrompt
    this.#stats.decodeTokens += count - numPrompt
  }

  /** The first blocks of a running sequence's table, which only grows: in most steps they are those of the step before. */
  #snapshot(table: BlockTable, length: number, copies?: readonly Copy[]): ChunkBlocks {
    if (copies) return { blockTable: table.blocks.slice(0, length), copies }
    const last = this.#snapshots.get(table)
    if (last?.blockTable.length === length) return last
    const next = { blockTable: table.blocks.slice(0, length), copies: [] }
    this.#snapshots.set(table, next)
    return next
  }

  /** The sequence stays in `#running` until `#dropEnded`, once for all that ended together. */
  #end(sequence: Sequence, reason: FinishReason): void {
    this.#release(sequence)
    this.#blocks.forget(sequence)
    this.#waiting.remove(sequence)
    sequence.finishReason = reason
  }

  #dropEnded(): void {
    this.#running = this.#running.filter(sequence => !sequence.isFinished)
  }

  /** Does nothing if the sequence does not run. */
  #release(sequence: Sequence): void {
    if (sequence.slot === undefined) return
    this.#blocks.release(sequence)
    this.#freeSlots.push(sequence.slot)
    sequence.slot = undefined
  }
}

/** A draw that depends on those before it waits for their tokens, and for a step that has room for its history. */
function mustWait(sequence: Sequence, { history }: Step): boolean {
  return needsHistory(sequence.params) && (sequence.numPending > 0 || sequence.length >= history)
}
