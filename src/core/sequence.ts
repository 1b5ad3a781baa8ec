import type { BlockTable } from './block'
import type { Constraint } from './constraint'
import type { Priority } from './priority'
import type { SamplingParams } from './sampling-params'
import { type Reads, readsOf } from './sequence-reads'

export type FinishReason = 'stop' | 'length' | 'abort' | 'error'

/**
 * One prompt and what is generated from it: the scheduler's unit of work.
 * The counters below are all its state; everything else is derived. Only the scheduler writes them.
 */
export class Sequence {
  /** The prompt's tokens, then every drawn token whose id has arrived. */
  readonly tokens: number[]
  readonly promptLen: number
  /** Tokens whose K and V are in the cache, or will be once the steps already submitted have run. */
  numComputed = 0
  /** Draws submitted to the GPU whose ids have not arrived yet. */
  numPending = 0
  /** Tokens of the prompt that were taken over when it first started, and not computed; undefined before. */
  numCached: number | undefined
  /** [groups] From the first token on; none unless running. */
  blockTables: readonly BlockTable[] = []
  /** Where the GPU keeps this sequence's last drawn token; undefined unless running. */
  slot: number | undefined
  finishReason: FinishReason | undefined
  /** What is asked of the prompt's own tokens; undefined if nothing is. */
  readonly reads: Reads | undefined

  constructor(
    readonly id: number,
    /** Becomes the sequence's own: thousands of long ones are not copied once more. */
    prompt: number[],
    readonly params: SamplingParams,
    /** Prompt and output together never exceed this, in tokens. */
    readonly maxLen: number,
    readonly eosTokenIds: readonly number[],
    readonly priority: Priority = 'normal',
    /** What the draws are held to, as far as their tokens have arrived; until it has ended. */
    public constraint?: Constraint,
  ) {
    this.tokens = prompt
    this.promptLen = prompt.length
    this.reads = readsOf(params, prompt)
  }

  /** Tokens including those drawn but not yet known to the CPU. */
  get length(): number {
    return this.tokens.length + this.numPending
  }

  /** Adds a drawn token. Returns why the sequence ends with it, if it does. */
  append(tokenId: number): FinishReason | undefined {
    this.tokens.push(tokenId)
    if (this.isEnd(tokenId)) return 'stop'
    this.constraint?.advance(tokenId)
    if (this.constraint?.isDone) return 'stop'
    return this.tokens.length === this.maxLen ? 'length' : undefined
  }

  /** Whether a token ends the sequence and adds no text. */
  isEnd(tokenId: number): boolean {
    return !this.params.ignoreEos && this.eosTokenIds.includes(tokenId)
  }

  /** Tokens of which others' K and V may be taken over: those after them must be computed for what is read there. */
  get numTakeable(): number {
    return this.reads?.firstRow ?? this.tokens.length - 1
  }

  get isFinished(): boolean {
    return this.finishReason !== undefined
  }

  /** Tokens still to be computed before the next draw; 1 for a decode. */
  get numRemaining(): number {
    return this.length - this.numComputed
  }
}
