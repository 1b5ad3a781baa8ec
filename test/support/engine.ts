/** Small seeded models, and an engine opened up so that a test can drive its steps by hand. */
import type { Drawn } from '../../src/core/batch'
import type { SamplingParams } from '../../src/core/sampling-params'
import { Sequence } from '../../src/core/sequence'
import { atOnce } from '../../src/core/work'
import { Job } from '../../src/engine/job'
import { assemble } from '../../src/engine/open/assemble'
import { loadWeights } from '../../src/engine/open/load-weights'
import { completeOptions, type EngineOptions } from '../../src/engine/options'
import type { Runner } from '../../src/engine/runner'
import { openGpu } from '../../src/gpu/device'
import { ReadbackRing } from '../../src/gpu/readback'
import { Step } from '../../src/gpu/step'
import type { Tuning } from '../../src/kernels/tunable'
import { NOTHING } from '../../src/kv/share'
import { parseModelConfig } from '../../src/loader'
import { openSafetensors } from '../../src/loader/safetensors/checkpoint'
import { Scheduler } from '../../src/scheduler/scheduler'
import { sharedDevice } from './device'
import { type HfConfig, type SeededConfig, seededModel } from './seeded-weights'

/** Small enough to be quick on a software GPU; three query heads per KV head, and a block boundary every 16 tokens. */
export const TINY: SeededConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 301,
  hidden_size: 48,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  head_dim: 16,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: 256,
  eos_token_id: 257,
}

export const TINY_SEED = 11

/** What is asked of one sequence in a driven run. */
export interface Request {
  readonly prompt: readonly number[]
  readonly params: SamplingParams
}

export interface Driven {
  /** Runs all requests to their end, step by step; `afterStep` may interfere. Gives each one's generated tokens. */
  run(requests: readonly Request[], afterStep?: (step: number, scheduler: Scheduler) => void): Promise<number[][]>
  /** What is drawn after each token of a text, which takes a few steps, and then up to `maxTokens`, which take one each. */
  drawAfterEach(text: readonly number[], params: SamplingParams): Promise<number[]>
  /** [vocab] of the first sequence that drew in the last step, if its draw needs logits: with `logprobs`, say. */
  logits(): Promise<Float32Array>
  readonly scheduler: Scheduler
  readonly runner: Runner
  dispose(): void
}

/** The parts of an engine without its loop, on the device that a file's engines share. */
export async function drivenEngine(
  config: HfConfig,
  seed: number,
  options: EngineOptions,
  tuning?: Tuning,
): Promise<Driven> {
  const gpu = await openGpu({ device: await sharedDevice() })
  const modelConfig = parseModelConfig(config)
  const source = seededModel(config, seed)
  const checkpoint = await openSafetensors(source, undefined)
  const { weights, activations, parts } = assemble(gpu, modelConfig, checkpoint, completeOptions(options), tuning)
  await Promise.all([gpu.settled(), loadWeights(gpu, source, checkpoint, weights, {})])
  const { scheduling, runner, memory } = parts
  const scheduler = new Scheduler(scheduling)
  return {
    scheduler,
    runner,
    dispose: () => gpu.dispose(),
    logits: async () => {
      const bytes = modelConfig.vocabSize * Float32Array.BYTES_PER_ELEMENT
      const ring = new ReadbackRing(gpu, bytes)
      const [step, target] = [new Step(gpu, 16), ring.take()]
      step.copy(activations.logits, 0, target, 0, bytes)
      step.submit()
      return new Float32Array(await ring.read(target, bytes))
    },
    drawAfterEach: async (text, params) => {
      const drawn: number[] = []
      for await (const step of drawingEverywhere(scheduler, runner, text, params)) {
        drawn.push(...step.map(({ tokenId }) => tokenId))
      }
      return drawn
    },
    run: async (requests, afterStep) => {
      const sequences = requests.map(({ prompt, params }, index) => {
        const maxLen = Math.min(prompt.length + params.maxTokens, memory.contextLength)
        return new Sequence(index, [...prompt], params, maxLen, modelConfig.eosTokenIds)
      })
      const job = atOnce(Job.of(sequences, parts.jobs))
      atOnce(job.start(scheduler))
      let step = 0
      for (let batch = scheduler.next(); batch; batch = scheduler.next()) {
        scheduler.complete(batch, await runner.run(batch))
        afterStep?.(step++, scheduler)
        scheduler.checkIntegrity()
      }
      return sequences.map(({ tokens, promptLen }) => tokens.slice(promptLen))
    },
  }
}

/** Runs a text whose every row draws, as one does where a prompt ends, up to `maxTokens` after it; gives what each step drew. */
export async function* drawingEverywhere(
  scheduler: Scheduler,
  runner: Runner,
  text: readonly number[],
  params: SamplingParams,
): AsyncGenerator<readonly Drawn[]> {
  scheduler.add(new Sequence(0, [...text], params, text.length + params.maxTokens, []), { share: NOTHING })
  for (let batch = scheduler.next(); batch; batch = scheduler.next()) {
    const [chunk] = batch.chunks
    const draws = Array.from({ length: chunk.count }, (_, token) => ({
      chunk,
      token,
      position: chunk.start + token + 1,
    }))
    const drawn = await runner.run({ ...batch, draws })
    // the scheduler knows of draws at the end only
    scheduler.complete(batch, drawn.slice(drawn.length - batch.draws.length))
    yield drawn
  }
}
