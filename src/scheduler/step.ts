import type { Batch, Chunk, Draw } from '../core/batch'
import { isEditedByHistory, waitsForDraws } from '../core/sampling-params'
import type { Sequence } from '../core/sequence'
import type { Reads } from '../core/sequence-reads'

/** The step being decided. */
export class Step implements Batch {
  readonly chunks: Chunk[] = []
  readonly draws: Draw[] = []
  numTokens = 0
  /** Tokens that the budget still admits of the class at hand. */
  room = 0
  /** Of the tokens that sequences may hold whose draws are edited by all of them, those that are not for the class at hand. */
  keptHistory = 0
  /** How many of these tokens are left. */
  #history: number

  /** `tokenBudget`: most tokens of the step. */
  constructor(
    readonly tokenBudget: number,
    historyTokens = Number.POSITIVE_INFINITY,
  ) {
    this.#history = historyTokens
  }

  /** A draw may have to wait for those before it, and one that its history edits for a step that has room for that. */
  mustWait({ params, numPending, length }: Sequence): boolean {
    return (
      (waitsForDraws(params) && numPending > 0) ||
      (isEditedByHistory(params) && length >= this.#history - this.keptHistory)
    )
  }

  add(chunk: Chunk): void {
    this.chunks.push(chunk)
    if (chunk.sequence.reads) this.#read(chunk, chunk.sequence.reads)
    this.numTokens += chunk.count
    this.room -= chunk.count
  }

  /** Draws the next token of the chunk's sequence, after the last row of the step so far. */
  draw(chunk: Chunk): void {
    const { sequence } = chunk
    const { length, reads } = sequence
    const draw = { chunk, token: this.numTokens - 1, position: length }
    this.draws.push(reads ? { ...draw, scored: reads.scoredAfter(length - 1), isVector: reads.isEmbedding } : draw)
    sequence.numPending++
    if (isEditedByHistory(sequence.params)) this.#history -= sequence.length
  }

  /** The rows of the prompt, but for its last, that are read. */
  #read(chunk: Chunk, { isRead, scoredAfter, isEmbedding }: Reads): void {
    const { start, count, sequence } = chunk
    for (let row = start; row < Math.min(start + count, sequence.promptLen - 1); row++) {
      if (!isRead(row)) continue
      const token = this.numTokens + row - start
      this.draws.push({ chunk, token, position: row + 1, scored: scoredAfter(row), isVector: isEmbedding })
    }
  }
}
