import { createEngine, type Engine, type EngineOptions } from '../index'

export interface BenchOptions {
  readonly model: string
  readonly engine: Pick<EngineOptions, 'weights' | 'tokenBudget' | 'stepsInFlight'>
  /** Each figure is the median of this many runs, taken in turn. */
  readonly rounds: number
}

/** A median with its extremes. */
export interface Figure {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface BenchReport {
  readonly model: string
  readonly adapter: string
  readonly weights: string
  /** Weights used per token: matrices without the embedding's look-up, so each costs a multiplication and an addition. */
  readonly parameters: number
  readonly weightBytes: number
  readonly loadMs: number
  /** From the call to the first token of a prompt of `PROMPT` tokens. */
  readonly firstTokenMs: Figure
  /** Generated tokens per second, first token not counted, by sequences that decode together. */
  readonly decode: readonly { readonly batch: number; readonly tokensPerSecond: Figure }[]
  readonly dispatchesPerStep: number
}

export const PROMPT = 256
const BATCHES = [1, 4, 16, 64]
/** Of the sequences that decode together; short, so that attention is small beside the matrices. */
const SHORT_PROMPT = 16
const NEW_TOKENS = 32

/** Loads a model and measures an engine on it; the runs of a round follow each other, so that ratios are of one time. */
export async function measure({ model, engine: options, rounds }: BenchOptions): Promise<BenchReport> {
  const began = performance.now()
  const engine = await createEngine(model, options)
  const loadMs = performance.now() - began
  const firstTokenMs: number[] = []
  const decode = BATCHES.map((): number[] => [])
  // round 0 warms up: drivers compile kernels when they are first used
  for (let round = 0; round <= rounds; round++) {
    const first = await timeGeneration(engine, 1, PROMPT, 1, round)
    if (round > 0) firstTokenMs.push(first)
    for (const [index, batch] of BATCHES.entries()) {
      const one = await timeGeneration(engine, batch, SHORT_PROMPT, 1, round)
      const all = await timeGeneration(engine, batch, SHORT_PROMPT, 1 + NEW_TOKENS, round)
      if (round > 0) decode[index].push((batch * NEW_TOKENS * 1000) / (all - one))
    }
  }
  const { adapter, dispatches, steps } = engine.stats()
  const report = {
    model,
    adapter,
    weights: options.weights ?? 'f32',
    parameters: matrixParameters(engine),
    weightBytes: engine.memory.weightBytes,
    loadMs,
    firstTokenMs: figure(firstTokenMs),
    decode: BATCHES.map((batch, index) => ({ batch, tokensPerSecond: figure(decode[index]) })),
    dispatchesPerStep: dispatches / steps,
  }
  engine.dispose()
  return report
}

/** Milliseconds until `batch` prompts of `promptLen` tokens have `maxTokens` new ones each. */
async function timeGeneration(
  engine: Engine,
  batch: number,
  promptLen: number,
  maxTokens: number,
  seed: number,
): Promise<number> {
  const { vocabSize } = engine.config
  const prompts = Array.from({ length: batch }, (_, row) =>
    Array.from({ length: promptLen }, (_, position) => (seed * 7919 + row * 104729 + position * 1299709) % vocabSize),
  )
  const began = performance.now()
  const results = await engine.generate(prompts, { maxTokens, ignoreEos: true }).all()
  const elapsed = performance.now() - began
  const failed = results.find(({ usage }) => usage.completionTokens !== maxTokens)
  if (failed)
    throw new Error(`a prompt gave ${failed.usage.completionTokens} of ${maxTokens} tokens: ${failed.error?.message}`)
  return elapsed
}

function matrixParameters({ config }: Engine): number {
  const { hiddenSize, intermediateSize, numLayers, numHeads, numKvHeads, headDim, vocabSize } = config
  const attention = hiddenSize * headDim * (2 * numHeads + 2 * numKvHeads)
  return numLayers * (attention + 3 * hiddenSize * intermediateSize) + vocabSize * hiddenSize
}

function figure(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: sorted[Math.floor(sorted.length / 2)], min: sorted[0], max: sorted[sorted.length - 1] }
}
