import { assert } from '../../src/core/assert'
import type { Batch, Draw } from '../../src/core/batch'
import { BLOCK_LEN } from '../../src/core/block'
import { needsHistory, type SamplingParams } from '../../src/core/sampling-params'
import { Sequence } from '../../src/core/sequence'

/** Token ids are below this; EOS is 0, so about one draw in 40 ends a sequence. */
export const VOCAB_SIZE = 40
export const EOS = 0

const PARAMS: SamplingParams = {
  maxTokens: 0,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
  logprobs: undefined,
  stop: [],
  ignoreEos: false,
}

export function sequence(id: number, prompt: readonly number[], maxLen: number, params: Partial<SamplingParams> = {}) {
  return new Sequence(id, prompt, { ...PARAMS, ...params }, maxLen, [EOS])
}

/** Never ends before `maxLen`. */
export function endless(id: number, promptLen: number, maxLen: number): Sequence {
  return sequence(id, promptOf(id, promptLen), maxLen, { ignoreEos: true })
}

/** A prompt that differs from those of other sequences. */
export function promptOf(id: number, length: number): number[] {
  return Array.from({ length }, (_, index) => 1 + ((id * 7 + index * 3) % (VOCAB_SIZE - 1)))
}

/** What a model of the prefix alone says next; "K and V" of a position are the hash of all tokens up to it. */
function hash(prefixHash: number, token: number): number {
  return Math.imul(prefixHash ^ (token + 1), 0x9e3779b1) >>> 3
}

/** The tokens that a sequence must end up with if it runs to its end. */
export function expectedTokens({ promptLen, tokens, maxLen, params }: Sequence): number[] {
  const expected = tokens.slice(0, promptLen)
  let state = expected.reduce(hash, 0)
  while (expected.length < maxLen) {
    const token = state % VOCAB_SIZE
    expected.push(token)
    if (token === EOS && !params.ignoreEos) break
    state = hash(state, token)
  }
  return expected
}

/** K and V of one token. */
interface Entry {
  readonly position: number
  readonly hash: number
}

/**
 * Runs steps as the GPU would: with what was known when the step was submitted, in that order, all K and V of a step
 * written before any is read. Reading what was not written, or what another sequence wrote since, fails.
 */
export class SimulatedGpu {
  readonly #cache = new Map<number, Entry>()
  readonly #slots = new Map<number, number>()
  readonly #queue: { readonly batch: Batch; readonly tokens: readonly (number | undefined)[][] }[] = []

  get numQueued(): number {
    return this.#queue.length
  }

  /** Uploads the tokens the CPU knows; the others are to be found in the slots. */
  submit(batch: Batch): void {
    for (const { sequence, draws } of batch.chunks) {
      const knowsHistory = !draws || !needsHistory(sequence.params) || sequence.numPending === 1
      assert(knowsHistory, `sequence ${sequence.id} has penalties, but does not know its last token`)
    }
    const tokens = batch.chunks.map(({ sequence, start, count }) =>
      Array.from({ length: count }, (_, index) => sequence.tokens.at(start + index)),
    )
    this.#queue.push({ batch, tokens })
  }

  /** Runs the oldest step in the queue. */
  run(): { batch: Batch; draws: Draw[] } {
    const step = this.#queue.shift()
    assert(step !== undefined, 'nothing to run')
    const { batch, tokens } = step
    const written = new Set<number>()
    // copies and tokens of a step have no order among them
    const copied = new Set(batch.chunks.flatMap(({ copies }) => copies.map(({ to }) => to)))
    batch.chunks.forEach(({ start, blockTable, slot, copies }, index) => {
      for (const { from, to } of copies) {
        const entry = this.#cache.get(from)
        assert(entry !== undefined && from !== to, `place ${from} is copied to ${to}, but nothing was written there`)
        assert(!copied.has(from), `place ${from} is copied in the step that copies into it`)
        assert(!written.has(to), `place ${to} is copied to, and written in the same step`)
        this.#cache.set(to, entry)
      }
      tokens[index].forEach((known, offset) => {
        const position = start + offset
        const token = known ?? this.#slots.get(slot)
        assert(token !== undefined, `slot ${slot} is read before it is written`)
        const before = position === 0 ? 0 : this.#read(blockTable, position - 1)
        const address = addressOf(blockTable, position)
        assert(!written.has(address) && !copied.has(address), `address ${address} is written twice in a step`)
        written.add(address)
        this.#cache.set(address, { position, hash: hash(before, token) })
      })
    })
    const draws: Draw[] = []
    for (const { sequence, start, count, draws: isDrawing, blockTable, slot } of batch.chunks) {
      const end = start + count
      // Each entry continues the one before it, so all belong to one sequence, and none is stale.
      let state = 0
      for (let position = 0; position < end; position++) {
        const found = this.#read(blockTable, position)
        const token = position < sequence.tokens.length ? sequence.tokens[position] : undefined
        assert(token === undefined || found === hash(state, token), `sequence ${sequence.id} reads foreign K and V`)
        state = found
      }
      if (!isDrawing) continue
      const tokenId = state % VOCAB_SIZE
      this.#slots.set(slot, tokenId)
      draws.push({ tokenId })
    }
    return { batch, draws }
  }

  #read(blockTable: readonly number[], position: number): number {
    const entry = this.#cache.get(addressOf(blockTable, position))
    assert(entry?.position === position, `position ${position} is read, but ${entry?.position} was written there`)
    return entry.hash
  }
}

function addressOf(blockTable: readonly number[], position: number): number {
  const block = blockTable[Math.floor(position / BLOCK_LEN)]
  assert(block !== undefined, `position ${position} is beyond the ${blockTable.length} blocks of the table`)
  return block * BLOCK_LEN + (position % BLOCK_LEN)
}
