import { type CoppiceError, UnsupportedModel } from '../core/errors'
import type { FinishReason, Sequence } from '../core/sequence'
import type { Work } from '../core/work'
import { NO_TOKEN } from '../sampler/sampler'
import type { Completed } from '../scheduler/interface'
import type { Scheduler } from '../scheduler/scheduler'
import type { ResultQueue } from './generation'
import type { Job } from './job'
import type { Output } from './output'

/** What becomes of a sequence's tokens. */
interface Entry {
  readonly output: Output
  readonly generation: ResultQueue
  readonly job: Job
  /** The id of the call's first sequence. */
  readonly first: number
}

/** The outputs of all sequences that wait or run, and the ends of these: results go to their call, and blocks to others. */
export class Outputs {
  readonly #entries = new Map<Sequence, Entry>()
  readonly #scheduler: Scheduler
  readonly #onCallEnd: (first: number) => void

  /** `onCallEnd`: the last result of a call was delivered. */
  constructor(scheduler: Scheduler, onCallEnd: (first: number) => void) {
    this.#scheduler = scheduler
    this.#onCallEnd = onCallEnd
  }

  get sequences(): Sequence[] {
    return [...this.#entries.keys()]
  }

  set(sequence: Sequence, entry: Entry): void {
    this.#entries.set(sequence, entry)
  }

  /** A token has arrived, or what was read in a prompt; if it ended its sequence, that is finished already. */
  onDraw({ sequence, position, drawn }: Completed): void {
    const entry = this.#entries.get(sequence)
    if (!entry) return
    if (drawn.tokenId === NO_TOKEN) {
      const { constraint } = sequence
      const reason = constraint
        ? `After token ${position} no token goes on with structuredOutputs: the vocabulary has none.`
        : `No logit after token ${position} is finite: the weights, or their precision, are at fault. Try weights f32.`
      this.end(sequence, 'error', constraint?.failure ?? new UnsupportedModel(reason))
      return
    }
    if (entry.output.push(drawn, position)) this.end(sequence, 'stop')
    // the scheduler has finished the sequence if this is its last token
    else if (sequence.finishReason && position === sequence.tokens.length - 1) this.end(sequence, sequence.finishReason)
  }

  /** Ends a sequence with what it has. Does nothing if it has ended. */
  end(sequence: Sequence, reason: FinishReason, error?: CoppiceError): void {
    const entry = this.#entries.get(sequence)
    if (!entry) return
    this.forget(sequence, reason)
    if (reason !== 'abort') entry.job.onFinished(sequence, this.#scheduler)
    entry.generation.deliver(entry.output.result(error))
    if (entry.generation.isComplete) this.#onCallEnd(entry.first)
  }

  /** Ends the sequences of a job of which no more is wanted: first those that run, which would go on meanwhile. */
  *stop(job: Job): Work<void> {
    for (const each of [...this.#scheduler.running]) if (this.#entries.get(each)?.job === job) this.end(each, 'abort')
    for (const sequence of job.sequences) {
      this.end(sequence, 'abort')
      yield
    }
  }

  /** Ends a sequence whose result nobody waits for. */
  forget(sequence: Sequence, reason: FinishReason = 'abort'): void {
    this.#entries.delete(sequence)
    this.#scheduler.finish(sequence, reason)
    // of a grammar with its masks, while others of the call go on
    sequence.constraint = undefined
  }

  /** Ends everything: every call in `others`, or with a sequence here, gets the error after the results it has. */
  fail(error: CoppiceError, others: Iterable<ResultQueue>): void {
    const { sequences } = this
    const running = [...this.#entries.values()].map(({ generation }) => generation)
    this.#entries.clear()
    // the callers first: if it is the scheduler that failed, it may fail again
    for (const generation of new Set([...others, ...running])) generation.fail(error)
    for (const sequence of sequences) this.#scheduler.finish(sequence, 'error')
  }
}
