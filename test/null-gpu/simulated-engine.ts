import type { Batch, Drawn } from '../../src/core/batch'
import { Deferred } from '../../src/core/deferred'
import { DeviceLost } from '../../src/core/errors'
import type { ModelConfig } from '../../src/core/model-config'
import { LocalEngine } from '../../src/engine/engine'
import type { OnDevice, OpenDevice } from '../../src/engine/on-device'
import type { EngineOptions } from '../../src/engine/options'
import { PATIENCE } from '../../src/engine/patience'
import type { MemoryPlan } from '../../src/engine/plan/memory-plan'
import { PromptEncoder } from '../../src/engine/prompt-encoder'
import { Revival } from '../../src/engine/revival'
import { BlockPool } from '../../src/kv/block-pool'
import { Scheduler } from '../../src/scheduler/scheduler'
import { ChatTemplate, Tokenizer } from '../../src/tokenizer'
import { EOS, SimulatedGpu, VOCAB_SIZE } from '../scheduler/simulated-gpu'
import { byteLevelTokenizer, byteLevelTokenizerConfig } from '../support/seeded-tokenizer'

/** A device whose draws follow from the K and V that its steps have written, and that a test can lose. */
export class SimulatedDevice {
  /** Steps that were given to it. */
  numSteps = 0
  isDisposed = false
  readonly #gpu = new SimulatedGpu([Number.POSITIVE_INFINITY])
  readonly #lost = new Deferred<DeviceLost>()
  #error: Error | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    readonly numBlocks: number,
    readonly onStep: (device: SimulatedDevice) => void,
  ) {}

  lose(): void {
    this.fail(new DeviceLost('The GPU device was lost (test).'))
  }

  fail(error: Error): void {
    this.#error ??= error
    if (error instanceof DeviceLost) this.#lost.resolve(error)
  }

  get lost(): Promise<DeviceLost> {
    return this.#lost.promise
  }

  async run(batch: Batch): Promise<Drawn[]> {
    if (this.#error) throw this.#error
    this.numSteps++
    this.#gpu.submit(batch)
    const before = this.#turn
    const drawn = (async () => {
      await before
      await new Promise(setImmediate)
      if (this.#error) throw this.#error
      return this.#gpu
        .run()
        .drawn.map(({ tokenId, scores }) => ({ tokenId, logprob: -tokenId, topLogprobs: [], scores }))
    })()
    this.#turn = drawn.catch(() => undefined)
    this.onStep(this)
    return drawn
  }

  stats() {
    const counts = { kvKeysRead: 0, adapter: 'simulated', gpuBytes: this.numBlocks, dispatches: 0, passes: 0 }
    const none = { uploads: 0, uploadedBytes: 0, readBytes: 0, buffers: 0, bindGroups: 0, pipelines: 0 }
    return { ...counts, ...none, submits: this.numSteps }
  }

  async kernelTimes() {
    return new Map()
  }

  dispose(): void {
    this.isDisposed = true
    // as a device that is destroyed
    this.lose()
  }
}

export interface SimulatedOptions extends Pick<EngineOptions, 'onLost'> {
  readonly numBlocks?: number
  readonly onStep?: (device: SimulatedDevice) => void
  /** Called before a device takes the place of another; may throw, or fail it. */
  readonly onOpen?: (device: SimulatedDevice) => void | Promise<void>
}

const TOKEN_BUDGET = 24

/** An engine on devices as above, and all of these, the last being the present one. */
export async function simulatedEngine({ numBlocks = 64, onStep = () => undefined, onOpen, onLost }: SimulatedOptions) {
  const devices: SimulatedDevice[] = []
  const config = { vocabSize: VOCAB_SIZE, eosTokenIds: [EOS] } as unknown as ModelConfig
  const contextLength = 200
  const open: OpenDevice = async (signal, earlier) => {
    const device = new SimulatedDevice(earlier?.numBlocks ?? numBlocks, onStep)
    if (earlier) await onOpen?.(device)
    signal?.throwIfAborted()
    devices.push(device)
    const memory = { numBlocks: device.numBlocks, blockBytes: 16, contextLength } as MemoryPlan
    const pools = [new BlockPool(device.numBlocks)]
    const jobs = { sharing: 'tree', tokenBudget: TOKEN_BUDGET, numBlocks: device.numBlocks } as const
    return {
      runner: device,
      memory,
      kvFormat: 'f32',
      decisions: [earlier?.shrunk ?? 'as asked'],
      weights: [],
      jobs,
      scheduling: { pools, vocabSize: VOCAB_SIZE, tokenBudget: TOKEN_BUDGET, contextLength, stepsInFlight: 2 },
    } satisfies OnDevice
  }
  const onDevice = await open()
  const tokenizer = new Tokenizer(byteLevelTokenizer(301), byteLevelTokenizerConfig)
  const patience = typeof onLost === 'object' ? onLost : PATIENCE
  const engine = new LocalEngine({
    modelName: 'simulated',
    config,
    tokenizer,
    prompts: new PromptEncoder(tokenizer, new ChatTemplate(byteLevelTokenizerConfig), VOCAB_SIZE, contextLength),
    scheduler: new Scheduler(onDevice.scheduling),
    stepsInFlight: 2,
    onDevice,
    modelFile: async () => undefined,
    revival: new Revival(open, patience, contextLength),
    onLost,
  })
  return { engine, devices }
}
