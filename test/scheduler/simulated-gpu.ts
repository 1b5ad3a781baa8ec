import { planCapacity } from '../../src/attention/layout'
import { AttentionPlanner } from '../../src/attention/plan'
import { assert } from '../../src/core/assert'
import type { Batch, Chunk, Drawn } from '../../src/core/batch'
import { BLOCK_LEN } from '../../src/core/block'
import type { Priority } from '../../src/core/priority'
import { type SamplingParams, waitsForDraws } from '../../src/core/sampling-params'
import { Sequence } from '../../src/core/sequence'
import { checkPlan } from '../attention/check-plan'

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
  skipSpecialTokens: true,
}

export function sequence(
  id: number,
  prompt: readonly number[],
  maxLen: number,
  params: Partial<SamplingParams> = {},
  priority?: Priority,
): Sequence {
  return new Sequence(id, [...prompt], { ...PARAMS, ...params }, maxLen, [EOS], priority)
}

/** Never ends before `maxLen`. */
export function endless(id: number, promptLen: number, maxLen: number, priority?: Priority): Sequence {
  return sequence(id, promptOf(id, promptLen), maxLen, { ignoreEos: true }, priority)
}

/** A prompt that differs from those of other sequences. */
export function promptOf(id: number, length: number): number[] {
  return Array.from({ length }, (_, index) => 1 + ((id * 7 + index * 3) % (VOCAB_SIZE - 1)))
}

/** What a model of the prefix alone says next; "K and V" of a position are the hash of all tokens up to it. */
function hash(prefixHash: number, token: number): number {
  return Math.imul(prefixHash ^ (token + 1), 0x9e3779b1) >>> 3
}

/** What a model of the prefix alone thinks of a token that might follow. */
function scoreOf(prefixHash: number, token: number): number {
  return hash(prefixHash, token) % 1000
}

/** The scores of tokens after a prefix. */
export function expectedScores(prefix: readonly number[], tokenIds: readonly number[]): number[] {
  return tokenIds.map(id => scoreOf(prefix.reduce(hash, 0), id))
}

/** Of the attention plans that are checked: segments short enough that prompts of these tests have several. */
const LAYOUT = { segmentTokens: 32, groupSize: 3, tiles: [8, 32] }
/** Steps from one whose attention plans are checked to the next. */
const PLAN_EVERY = 7

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
 * written before any is read. Each KV group has its own K and V, of which a token sees those in the group's window. Reading
 * what was not written, or what another sequence wrote since, fails.
 */
export class SimulatedGpu {
  /** [groups] What each place holds. */
  readonly #caches: readonly Map<number, Entry>[]
  readonly #slots = new Map<number, number>()
  #numSteps = 0
  readonly #queue: Batch[] = []

  /** `windows`: how many tokens a token sees in each group, itself among them. */
  constructor(readonly windows: readonly number[]) {
    this.#caches = windows.map(() => new Map())
  }

  get numQueued(): number {
    return this.#queue.length
  }

  submit(batch: Batch): void {
    for (const { chunk } of batch.draws) {
      const { sequence } = chunk
      const knowsHistory = !waitsForDraws(sequence.params) || sequence.numPending === 1
      assert(knowsHistory, `sequence ${sequence.id} has penalties, but does not know its last token`)
    }
    this.#queue.push(batch)
  }

  /** Runs the oldest step in the queue. */
  run(): { batch: Batch; drawn: Drawn[] } {
    const batch = this.#queue.shift()
    assert(batch !== undefined, 'nothing to run')
    const inputs = batch.chunks.map(({ tokens, count, slot }) =>
      Array.from({ length: count }, (_, index) => {
        const token = tokens[index] ?? this.#slots.get(slot)
        assert(token !== undefined, () => `slot ${slot} is read before it is written`)
        return token
      }),
    )
    for (const group of this.windows.keys()) this.#write(batch, group, inputs)
    if (this.#numSteps++ % PLAN_EVERY === 0) for (const group of this.windows.keys()) this.#checkPlan(batch, group)
    const states = new Map(batch.chunks.map(chunk => [chunk, this.#attendAll(chunk)]))
    const drawn = batch.draws.map(({ chunk, position, scored }) => {
      const isLast = position === chunk.start + chunk.count
      const state = isLast ? (states.get(chunk) ?? 0) : this.#attendAll(chunk, position)
      const tokenId = state % VOCAB_SIZE
      if (isLast) this.#slots.set(chunk.slot, tokenId)
      return scored ? { tokenId, scores: Float32Array.from(scored, id => scoreOf(state, id)) } : { tokenId }
    })
    return { batch, drawn }
  }

  #write({ chunks }: Batch, group: number, inputs: readonly number[][]): void {
    const cache = this.#caches[group]
    const written = new Set<number>()
    // copies and tokens of a step have no order among them
    const copied = new Set(chunks.flatMap(({ groups }) => groups[group].copies.map(({ to }) => to)))
    chunks.forEach(({ start, groups }, index) => {
      const { blockTable, copies } = groups[group]
      for (const { from, to } of copies) {
        const entry = cache.get(from)
        assert(
          entry !== undefined && from !== to,
          () => `place ${from} is copied to ${to}, but nothing was written there`,
        )
        assert(!copied.has(from), () => `place ${from} is copied in the step that copies into it`)
        assert(!written.has(to), () => `place ${to} is copied to, and written in the same step`)
        cache.set(to, entry)
      }
      inputs[index].forEach((token, offset) => {
        const position = start + offset
        const before = position === 0 ? 0 : this.#read(group, blockTable, position - 1)
        const address = addressOf(blockTable, position)
        assert(!written.has(address) && !copied.has(address), () => `address ${address} is written twice in a step`)
        written.add(address)
        cache.set(address, { position, hash: hash(before, token) })
      })
    })
  }

  /** Asserts that an attention plan of the step reads all that the tokens see in a group once, where `#attend` reads it. */
  #checkPlan({ chunks, numTokens }: Batch, group: number): void {
    const window = this.windows[group]
    const ofGroup = chunks.map(({ start, count, groups }) => ({ start, count, blockTable: groups[group].blockTable }))
    const contextLength = Math.max(...chunks.map(({ start, count }) => start + count))
    const capacity = planCapacity({ layout: LAYOUT, tokenBudget: numTokens, contextLength })
    checkPlan(new AttentionPlanner(LAYOUT, capacity, { window }).plan(ofGroup), ofGroup, LAYOUT, window, (...part) =>
      this.#holdsSame(group, ...part),
    )
  }

  /** With windows some compute again what others have; plans may read either. */
  #holdsSame(group: number, block: number, expected: number, first: number, end: number): boolean {
    const hashAt = (of: number, offset: number) => this.#caches[group].get(of * BLOCK_LEN + offset)?.hash
    for (let at = first; at < end; at++) if (hashAt(block, at) !== hashAt(expected, at)) return false
    return true
  }

  /** What all groups agree on. */
  #attendAll(chunk: Chunk, end = chunk.start + chunk.count): number {
    const [state, ...others] = this.windows.map((_, group) => this.#attend(chunk, group, end))
    assert(
      others.every(other => other === state),
      `the groups of sequence ${chunk.sequence.id} differ`,
    )
    return state
  }

  /** Reads all that the chunk's tokens before position `end` see in a group, and returns the last. */
  #attend({ sequence, start, groups }: Chunk, group: number, end: number): number {
    const { blockTable } = groups[group]
    const firstSeen = Math.max(0, start + 1 - this.windows[group])
    // each entry continues the one before it, so all belong to one sequence, and none is stale
    let state: number | undefined = firstSeen === 0 ? 0 : undefined
    for (let position = firstSeen; position < end; position++) {
      const found = this.#read(group, blockTable, position)
      const token = position < sequence.tokens.length ? sequence.tokens[position] : undefined
      const isForeign = token !== undefined && state !== undefined && found !== hash(state, token)
      assert(!isForeign, () => `sequence ${sequence.id} reads foreign K and V`)
      state = found
    }
    return state ?? 0
  }

  #read(group: number, blockTable: readonly number[], position: number): number {
    const entry = this.#caches[group].get(addressOf(blockTable, position))
    assert(entry?.position === position, () => `position ${position} is read, but ${entry?.position} was written there`)
    return entry.hash
  }
}

function addressOf(blockTable: readonly number[], position: number): number {
  const block = blockTable[Math.floor(position / BLOCK_LEN)]
  assert(block !== undefined, () => `position ${position} is beyond the ${blockTable.length} blocks of the table`)
  return block * BLOCK_LEN + (position % BLOCK_LEN)
}
