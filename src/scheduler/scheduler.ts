import { assert } from '../core/assert'
import { type Batch, type Copy, type Drawn, isInPrompt } from '../core/batch'
import { blocksFor } from '../core/block'
import type { FinishReason, Sequence } from '../core/sequence'
import type { CacheView } from '../kv/prefix-cache'
import type { Share } from '../kv/share'
import { checkRequest } from './check-request'
import { checkSequences, checkSlots } from './integrity'
import type { AddOptions, Completed, SchedulerOptions, SchedulerStats } from './interface'
import type { PriorityClass } from './priority-class'
import { PriorityClasses } from './priority-classes'
import { SequenceBlocks } from './sequence-blocks'
import { Step } from './step'
import { TableSnapshots } from './table-snapshots'
import type { Call } from './wait-queue'

/**
 * Continuous batching with stall-free steps under a token budget (Sarathi-Serve, arXiv:2403.02310 §4.2 and algorithm 3),
 * with shared prefixes, with classes of which the higher go first (priority-class.ts), and with admission bounded by memory
 * so that nobody admitted is preempted for want of blocks unless a higher class wants them (sequence-blocks.ts).
 *
 * Beyond the paper, steps are pipelined: `next` may be called again before `complete`. A sequence whose last token is
 * still in flight is decoded all the same, since its position is known and the GPU finds the token in `slot`; an end of
 * sequence is noticed when it arrives, and the draws already in flight behind it are dropped. Only one whose draws
 * need those before (penalties, masks) waits for each to arrive. The GPU runs steps in the order they were decided, and
 * within a step writes all K and V of a layer before it reads any, so blocks and slots can be handed on at once, and a
 * prefix is there for others as soon as its computation is decided.
 *
 * Laws:
 * - Those running are in order of their class, in it of their start, and start in the order of the queue. The first is
 *   preempted last, so it always gets on, and with no step in flight `next` finds work if there is any.
 * - Of every class each running sequence advances in each step, unless it waits for draws in flight or, with penalties, for
 *   a step that has room for its history, or the rows are those of higher classes or the share of lower: then the oldest
 *   advance. One is admitted only into room that those before it leave, so of a class only the last prompt is partly computed.
 * - A sequence starts if it fits beside its own class and those above; those below give way, the last first.
 */
export class Scheduler {
  #options: SchedulerOptions
  readonly #blocks: SequenceBlocks
  /** Once is enough: it looks at every token, and thousands may be added together. */
  #checked = new WeakSet<Sequence>()
  readonly #classes = new PriorityClasses()
  /** As many as blocks of the first pool: sequences that share all but their last block have one each. */
  #freeSlots: number[]
  /** Decided, not completed; oldest first. */
  readonly #inFlight: Batch[] = []
  readonly #snapshots = new TableSnapshots()
  readonly #stats: SchedulerStats = { steps: 0, preemptions: 0, prefillTokens: 0, savedTokens: 0, decodeTokens: 0 }

  constructor(options: SchedulerOptions) {
    const { pools, tokenBudget, stepsInFlight = 1 } = options
    assert(tokenBudget >= 1, `The token budget is ${tokenBudget}; a step needs at least 1 token.`)
    this.#options = options
    this.#blocks = new SequenceBlocks(pools, stepsInFlight)
    this.#freeSlots = [...Array(pools[0].numBlocks).keys()].reverse()
  }

  get numWaiting(): number {
    return this.#classes.numWaiting
  }

  get numRunning(): number {
    return this.#classes.numRunning
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

  /** In order of their class, in it of their start. */
  get running(): readonly Sequence[] {
    return this.#classes.running
  }

  /** For those who watch. */
  get cache(): CacheView {
    return this.#blocks.view
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
   * Queues a new sequence in its class, behind the others of its `call`; with a `share`, it claims that too.
   * Throws `InvalidRequest` if it could not run even alone.
   */
  add(sequence: Sequence, { share, call = this, isHeld }: AddOptions = {}): void {
    assert(sequence.numComputed === 0 && !sequence.isFinished, `Sequence ${sequence.id} has run already.`)
    assert(!this.isWaiting(sequence), `Sequence ${sequence.id} waits already.`)
    this.check(sequence)
    if (share) this.claim(sequence, share)
    this.#classes.of(sequence).waiting.add(sequence, call, isHeld)
  }

  /** Not started yet, or preempted. */
  isWaiting(sequence: Sequence): boolean {
    return this.#classes.of(sequence).waiting.has(sequence)
  }

  /** Throws `InvalidRequest` if the sequence could not run even alone. */
  check(sequence: Sequence): void {
    if (this.#checked.has(sequence)) return
    const { pools, vocabSize, contextLength, tokenBudget } = this.#options
    checkRequest(sequence, vocabSize, contextLength, pools, this.#blocks.mostBlocks(tokenBudget))
    this.#checked.add(sequence)
  }

  /** The sequences of a call that were held may start. */
  release(call: Call): void {
    for (const { waiting } of this.#classes.all) waiting.release(call)
  }

  /** Starts no more sequences of a call, whose others go on until they are finished too. */
  withdraw(call: Call): void {
    for (const { waiting } of this.#classes.all) waiting.withdraw(call)
  }

  /** Puts those sequences of a call that have not started into this order; any not named come last. */
  reorder(call: Call, order: readonly Sequence[]): void {
    for (const { waiting } of this.#classes.all) waiting.reorder(call, order)
  }

  /**
   * Decides the next step, as if it had been submitted when this returns. Undefined if there is nothing to compute:
   * no work, or none until a step in flight completes. `tokenBudget`: this step's; at least as many as sequences run.
   */
  next(tokenBudget = this.#options.tokenBudget): Batch | undefined {
    this.#blocks.beginStep(this.#classes.running)
    let step = this.#decide(tokenBudget, true)
    // whoever the only rows were left to may have lost its blocks
    if (step.chunks.length === 0) step = this.#decide(tokenBudget, false)
    const { chunks, numTokens, draws } = step
    if (chunks.length === 0) return undefined
    const batch = { chunks, numTokens, draws }
    this.#classes.account(batch)
    this.#inFlight.push(batch)
    this.#stats.steps++
    return batch
  }

  /**
   * Accounts for a step that has run; steps complete in the order they were decided. `drawn`: what each of its draws
   * brought back. Appends them, except those of sequences finished meanwhile, and finishes sequences that reached
   * their end: 'stop' at an end-of-sequence token, which stays the last of `tokens`, or where nothing may follow, or 'length'.
   */
  complete(batch: Batch, drawn: readonly Drawn[]): Completed[] {
    assert(batch === this.#inFlight.shift(), 'Steps must complete in the order they were decided.')
    assert(batch.draws.length === drawn.length, `${drawn.length} tokens drawn for ${batch.draws.length} draws.`)
    const completed: Completed[] = []
    batch.draws.forEach((draw, index) => {
      const { position } = draw
      const { sequence } = draw.chunk
      const isNext = !isInPrompt(draw)
      if (isNext) sequence.numPending--
      if (sequence.isFinished) return
      completed.push({ sequence, position, drawn: drawn[index] })
      if (!isNext) return
      assert(position === sequence.tokens.length, 'A draw is not of the next token of its sequence.')
      const reason = sequence.append(drawn[index].tokenId)
      if (sequence.slot !== undefined) this.#blocks.publish(sequence)
      if (reason) this.#end(sequence, reason)
    })
    this.#classes.dropEnded()
    return completed
  }

  /** Ends a sequence wherever it is; what no one else wants of its blocks can be had at once. Does nothing if it is finished. */
  finish(sequence: Sequence, reason: FinishReason): void {
    if (sequence.isFinished) return
    this.#end(sequence, reason)
    this.#classes.dropEnded()
  }

  /**
   * Takes blocks and slot from the last running sequence, or the one given, and returns it; undefined if none runs. It goes
   * to the front of its queue and is computed again, as far as its blocks are not remembered, once its draws in flight have
   * arrived.
   */
  preemptLast(victim = this.#classes.running.at(-1)): Sequence | undefined {
    if (!victim) return undefined
    const { running, waiting } = this.#classes.of(victim)
    running.splice(running.lastIndexOf(victim), 1)
    this.#release(victim)
    victim.numComputed = 0
    waiting.addFirst(victim)
    this.#stats.preemptions++
    return victim
  }

  /**
   * The GPU has nothing any more, and the sizes of `options` from now on: all wait, with nothing computed and their draws in
   * flight forgotten, and those that ran start first. Those that do not fit into smaller pools fail in `check`, and must be finished.
   */
  restart(options: SchedulerOptions): void {
    const draws = this.#inFlight.splice(0).flatMap(batch => batch.draws)
    for (const draw of draws) if (!isInPrompt(draw)) draw.chunk.sequence.numPending--
    while (this.preemptLast());
    this.#options = { ...options, pools: this.#options.pools }
    this.#checked = new WeakSet()
    this.#blocks.restart(options.pools.map(({ numBlocks }) => numBlocks))
    this.#freeSlots = [...Array(options.pools[0].numBlocks).keys()].reverse()
  }

  /** Asserts the laws of blocks, slots, queues and counters; assumes that no one else holds blocks of the pool. */
  checkIntegrity(): void {
    this.#blocks.checkIntegrity(this.#classes.running)
    checkSlots(this.#options.pools[0].numBlocks, this.#freeSlots, this.#classes.running)
    checkSequences(this.#classes.running, this.#classes.waiting, this.#inFlight)
  }

  /** The classes one after another. `hasShares`: whether each leaves those below it their share. */
  #decide(tokenBudget: number, hasShares: boolean): Step {
    const step = new Step(tokenBudget, this.#options.historyTokens)
    const canAdvance = (each: Sequence) => each.length < each.maxLen && !step.mustWait(each)
    for (const each of this.#classes.all) {
      const shares = hasShares ? this.#classes.sharesBelow(each, tokenBudget, canAdvance) : 0
      step.room = tokenBudget - step.numTokens - shares
      step.keptHistory = hasShares ? this.#classes.historyBelow(each, canAdvance) : 0
      this.#scheduleDecodes(each, step)
      this.#continuePrefill(each, step)
      this.#admitWaiting(each, step)
    }
    return step
  }

  /** Phase 1: one token for every running decode, so that none stalls. A preemption shortens the list from its end. */
  #scheduleDecodes({ running }: PriorityClass, step: Step): void {
    let numKept = 0
    for (const sequence of running) {
      if (sequence.numRemaining > 1 || sequence.length === sequence.maxLen) continue
      if (step.mustWait(sequence)) numKept++
      else if (step.room > 0) this.#schedule(sequence, step)
    }
    // those that wait keep their places in the budget, lest those admitted meanwhile crowd them out
    step.room -= numKept
  }

  /** Phase 2: the prompt that is partly computed takes what room is left. */
  #continuePrefill({ running }: PriorityClass, step: Step): void {
    const last = running.at(-1)
    if (step.room > 0 && last && last.numRemaining > 1) this.#schedule(last, step)
  }

  /** Phase 3: new sequences, while there is room and the first in the queue fits to its end; no one overtakes it. */
  #admitWaiting(each: PriorityClass, step: Step): void {
    while (step.room > 0 && this.#classes.nextToStart === each) {
      const sequence = each.waiting.first
      if (!sequence || !this.#canStart(sequence, step)) return
      each.waiting.remove(sequence)
      const copies = this.#blocks.admit(sequence, step.room)
      sequence.slot = this.#freeSlots.pop()
      this.#stats.savedTokens += Math.min(sequence.numComputed, sequence.promptLen)
      each.running.push(sequence)
      this.#schedule(sequence, step, copies)
    }
  }

  /** A preempted sequence must know all its tokens before it is computed again: slots do not survive preemption. */
  #canStart(sequence: Sequence, step: Step): boolean {
    if (sequence.numPending > 0 || step.mustWait(sequence) || this.#blocks.mustWaitForCopies(sequence)) return false
    // its prefill gets what the others, with one token each, leave of every step
    const leastRoom = Math.max(1, step.tokenBudget - this.numRunning)
    const prefillSteps = Math.ceil(Math.max(0, sequence.length - step.room) / leastRoom)
    const prefill = { room: step.room, tokenBudget: this.#options.tokenBudget, numSteps: prefillSteps }
    const fits = () => this.#freeSlots.length > 0 && this.#blocks.makeRoomFor(sequence, this.#classes.running, prefill)
    if (fits()) return true
    if (!this.#classes.hasLower(sequence)) return false
    const victims = this.#classes.givingWayTo(sequence)
    const staying = this.#classes.running.filter(each => !victims.includes(each))
    if (staying.length > 0 && !this.#blocks.couldRunBeside(sequence, staying, prefill)) return false
    for (const victim of victims) {
      this.preemptLast(victim)
      if (fits()) return true
    }
    this.#blocks.giveUpKept(sequence)
    return fits() && !this.#blocks.mustWaitForCopies(sequence)
  }

  /**
   * Makes place for the tokens before `end`, if need be at the cost of those that give way and of the last of its class. False
   * if the sequence itself had to go.
   */
  #makeRoomFor(sequence: Sequence, end: number): boolean {
    const { running } = this.#classes.of(sequence)
    while (!this.#blocks.grow(sequence, end)) {
      const [victim = running.at(-1)] = this.#classes.givingWayTo(sequence)
      if (this.preemptLast(victim) === sequence) return false
    }
    return true
  }

  /**
   * Adds as many of the sequence's remaining tokens as there is room for, and moves its counters as if they had run. Adds
   * none if it had to go for want of blocks.
   */
  #schedule(sequence: Sequence, step: Step, copies: readonly (readonly Copy[])[] = []): void {
    const start = sequence.numComputed
    // a prompt that must wait with its draw waits with its last token
    const count = Math.min(sequence.numRemaining - Number(step.mustWait(sequence)), step.room)
    const end = start + count
    if (!this.#makeRoomFor(sequence, end)) return
    const { slot, promptLen } = sequence
    assert(count > 0 && slot !== undefined, 'A sequence without a slot is scheduled, or for no token.')
    const groups = sequence.blockTables.map((table, group) => this.#snapshots.of(table, blocksFor(end), copies[group]))
    const tokens = sequence.tokens.slice(start, end)
    const chunk = { sequence, start, count, tokens, slot, groups }
    step.add(chunk)
    sequence.numComputed = end
    this.#blocks.publish(sequence)
    if (end === sequence.length) step.draw(chunk)
    const numPrompt = Math.max(0, Math.min(end, promptLen) - start)
    this.#stats.prefillTokens += numPrompt
    this.#stats.decodeTokens += count - numPrompt
  }

  /** The sequence stays among those running until `dropEnded`, once for all that ended together. */
  #end(sequence: Sequence, reason: FinishReason): void {
    this.#release(sequence)
    this.#blocks.forget(sequence)
    this.#classes.of(sequence).waiting.remove(sequence)
    sequence.finishReason = reason
  }

  /** Does nothing if the sequence does not run. */
  #release(sequence: Sequence): void {
    if (sequence.slot === undefined) return
    this.#blocks.release(sequence)
    this.#freeSlots.push(sequence.slot)
    sequence.slot = undefined
  }
}
