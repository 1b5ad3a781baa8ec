import { assert } from '../core/assert'
import { type Batch, isInPrompt } from '../core/batch'
import { type BlockTable, blocksFor } from '../core/block'
import type { Sequence } from '../core/sequence'

/** Asserts that each slot is free once or belongs to one running sequence. */
export function checkSlots(numSlots: number, free: readonly number[], running: readonly Sequence[]): void {
  const slots = [...free, ...running.map(sequence => sequence.slot)]
  assert(
    slots.length === numSlots && new Set(slots).size === numSlots,
    () =>
      `${free.length} free slots and those of ${running.length} running sequences are not the ${numSlots} there are: ${slots}.`,
  )
}

/** Asserts that a block holds the same part of the same tokens in all tables: the same block is before it in all of them. */
export function checkTables(tables: readonly BlockTable[]): void {
  const blockBefore = new Map<number, number | undefined>()
  for (const { blocks } of tables) {
    let before: number | undefined
    for (const block of blocks) {
      const known = blockBefore.has(block) ? blockBefore.get(block) : before
      assert(known === before, () => `A table has block ${block} after ${before}, another has it after ${known}.`)
      blockBefore.set(block, before)
      before = block
    }
  }
}

/** Asserts that the sequences' counters agree with each other, with where the sequences are and with the steps in flight. */
export function checkSequences(
  running: readonly Sequence[],
  waiting: readonly Sequence[],
  inFlight: readonly Batch[],
): void {
  const inFlightDraws = new Map<Sequence, number>()
  for (const draw of inFlight.flatMap(batch => batch.draws)) {
    const { chunk } = draw
    if (isInPrompt(draw)) continue
    inFlightDraws.set(chunk.sequence, (inFlightDraws.get(chunk.sequence) ?? 0) + 1)
  }
  for (const sequence of [...running, ...waiting]) {
    const { id, numComputed, numPending, length, maxLen, blockTables } = sequence
    const numDraws = inFlightDraws.get(sequence) ?? 0
    assert(!sequence.isFinished, () => `Sequence ${id} is finished (${sequence.finishReason}), but not gone.`)
    assert(numPending === numDraws, () => `Sequence ${id}: ${numPending} draws pending, but ${numDraws} in flight.`)
    assert(length <= maxLen, () => `Sequence ${id}: ${length} tokens, pending ones included, of at most ${maxLen}.`)
    assert(numComputed < length, () => `Sequence ${id}: ${numComputed} tokens computed of ${length}.`)
    for (const { blocks } of blockTables) {
      assert(
        blocks.length >= blocksFor(numComputed),
        () => `Sequence ${id}: ${blocks.length} blocks for ${numComputed} tokens.`,
      )
    }
  }
  for (const { id, slot, numComputed, blockTables } of waiting) {
    assert(
      slot === undefined && numComputed === 0 && blockTables.length === 0,
      () =>
        `Sequence ${id} waits, but has slot ${slot}, ${numComputed} tokens computed and ${blockTables.length} tables.`,
    )
  }
}
