import { CoppiceError, InvalidRequest } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import type { Priority } from '../core/priority'
import type { SamplingParams } from '../core/sampling-params'
import { Sequence } from '../core/sequence'
import type { Work } from '../core/work'
import type { Scheduler } from '../scheduler/scheduler'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { type CallSettings, completeCallOptions } from './call-options'
import type { GenerateOptions } from './interface'
import { Job } from './job'
import type { OnDevice } from './on-device'
import { checkPrompts, type Prompt } from './prompt'
import type { PromptEncoder } from './prompt-encoder'
import { type GenerationParams, paramsOfEach } from './sampling-params'
import { StructuredOutputsReader } from './structured-outputs'

/** A call's request: the prompts as they were, and each one's checked parameters. */
export interface Call extends CallSettings {
  readonly prompts: readonly Prompt[]
  readonly paramsOf: (index: number) => SamplingParams
  /** The id of the first prompt's sequence; others follow. */
  readonly first: number
}

export interface CallReaderParts {
  readonly config: ModelConfig
  readonly tokenizer: Tokenizer
  readonly prompts: PromptEncoder
  readonly scheduler: Pick<Scheduler, 'check'>
}

/** Reads what is asked for: prompts become sequences, and these a planned job. */
export class CallReader {
  readonly #parts: CallReaderParts
  readonly #onDevice: () => Pick<OnDevice, 'memory' | 'jobs'>
  readonly #structuredOutputs: StructuredOutputsReader
  #numSequences = 0

  /** `onDevice`: asked anew for each prompt, since another device may have room for less. */
  constructor(parts: CallReaderParts, onDevice: () => Pick<OnDevice, 'memory' | 'jobs'>) {
    this.#parts = parts
    this.#onDevice = onDevice
    this.#structuredOutputs = new StructuredOutputsReader(parts.tokenizer, parts.config)
  }

  /** The request of a call, if it is one at all. `goOn`: is given the signal, and throws what hinders it. @throws InvalidRequest */
  check(
    prompts: readonly Prompt[],
    params: GenerationParams | readonly GenerationParams[],
    options: GenerateOptions,
    goOn: (signal: AbortSignal | undefined) => void,
  ): Call {
    const settings = completeCallOptions(options)
    goOn(settings.signal)
    checkPrompts(prompts)
    const paramsOf = paramsOfEach(prompts.length, params, this.#parts.config.vocabSize)
    const first = this.#numSequences
    this.#numSequences += prompts.length
    return { ...settings, prompts: [...prompts], paramsOf, first }
  }

  /** Resolves once what the call's answers are held to can be read; undefined if they are not. */
  load({ prompts, paramsOf }: Call): Promise<void> | undefined {
    return prompts.some((_, index) => paramsOf(index).structuredOutputs) ? this.#structuredOutputs.load() : undefined
  }

  /**
   * Reads the prompts and plans the job of those that can run. `sequences`: becomes a sequence for each prompt, or
   * undefined, and the reason goes to `fail`.
   */
  *plan(
    { prompts, paramsOf, priority, first }: Call,
    sequences: (Sequence | undefined)[],
    fail?: (index: number, error: CoppiceError) => void,
  ): Work<Job> {
    for (const [index, prompt] of prompts.entries()) {
      try {
        sequences[index] = yield* this.#sequence(first + index, prompt, paramsOf(index), priority)
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error
        sequences[index] = undefined
        fail?.(index, error)
      }
      yield
    }
    return yield* Job.of(sequences, this.#onDevice().jobs)
  }

  /** @throws InvalidRequest if the prompt cannot be served */
  *#sequence(id: number, prompt: Prompt, params: SamplingParams, priority: Priority): Work<Sequence> {
    const tokens = yield* this.#parts.prompts.encode(prompt)
    const maxLen = Math.min(tokens.length + params.maxTokens, this.#onDevice().memory.contextLength)
    const { eosTokenIds } = this.#parts.config
    const constraint = this.#structuredOutputs.constraint(params)
    const sequence = new Sequence(id, tokens, params, maxLen, eosTokenIds, priority, constraint)
    this.#parts.scheduler.check(sequence)
    checkPlaces(params, tokens.length)
    return sequence
  }
}

/** @throws InvalidRequest for a place to score that the prompt does not have */
function checkPlaces({ scored = [] }: SamplingParams, promptLen: number): void {
  const beyond = scored.find(({ position }) => position > promptLen)
  if (!beyond) return
  throw new InvalidRequest(`scored asks for position ${beyond.position}, but the prompt has ${promptLen} tokens.`)
}
