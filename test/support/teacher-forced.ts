/** What a model says at every position of given texts, to compare the precisions that it can be kept in. */

import { assemble } from '../../src/engine/open/assemble'
import { loadWeights } from '../../src/engine/open/load-weights'
import { completeOptions, type EngineOptions } from '../../src/engine/options'
import { samplingParams } from '../../src/engine/sampling-params'
import { openGpu } from '../../src/gpu/device'
import { ReadbackRing } from '../../src/gpu/readback'
import { Step } from '../../src/gpu/step'
import { describeModel, openCheckpoint, readModelFiles } from '../../src/loader'
import type { ModelSource } from '../../src/loader/sources/source'
import { Scheduler } from '../../src/scheduler/scheduler'
import { sharedDevice } from './device'
import { drawingEverywhere } from './engine'

export interface Forced {
  /** For each text: [tokens - 1] of f32 [vocab], the logits after tokens 0, 1, … of it. */
  readonly logits: readonly (readonly Float32Array[])[]
  /** Root of the mean squared error of matrices over their mean square. */
  readonly weightError: number
}

/** Every row of a text is drawn from, so that each token is computed once. */
export async function forced(
  source: ModelSource,
  texts: readonly (readonly number[])[],
  options: EngineOptions,
): Promise<Forced> {
  const gpu = await openGpu({ device: await sharedDevice() })
  const files = await readModelFiles(source)
  const config = await describeModel(files)
  const checkpoint = await openCheckpoint(source, files, config)
  const { weights, activations, parts } = assemble(
    gpu,
    config,
    checkpoint,
    completeOptions({ ...options, blocks: 512 }),
  )
  const [, report] = await Promise.all([gpu.settled(), loadWeights(gpu, source, checkpoint, weights, {})])
  const { scheduling, runner, memory } = parts
  const scheduler = new Scheduler(scheduling)
  const rowBytes = config.vocabSize * 4
  const ring = new ReadbackRing(gpu, memory.drawRows * rowBytes)
  const copy = new Step(gpu, 16)
  // a bias, of nothing, takes whole rows of logits
  const params = samplingParams({ maxTokens: 1, ignoreEos: true, logitBias: { 0: 0 } }, config.vocabSize)
  const logits: Float32Array[][] = []
  for (const text of texts) {
    const rows: Float32Array[] = []
    for await (const { length } of drawingEverywhere(scheduler, runner, text.slice(0, -1), params)) {
      if (length > memory.drawRows) throw new Error(`${length} draws, ${memory.drawRows} rows of logits`)
      const target = ring.take()
      copy.copy(activations.logits, 0, target, 0, length * rowBytes)
      copy.submit()
      const values = new Float32Array(await ring.read(target, length * rowBytes))
      for (let row = 0; row < length; row++) {
        rows.push(values.slice(row * config.vocabSize, (row + 1) * config.vocabSize))
      }
    }
    logits.push(rows)
  }
  gpu.dispose()
  const elements = report.kinds.reduce((sum, kind) => sum + kind.elements, 0)
  const squares = report.kinds.reduce((sum, kind) => sum + kind.elements * kind.relativeRms ** 2, 0)
  return { logits, weightError: Math.sqrt(squares / elements) }
}

export interface Difference {
  /** Mean of Σ p ln(p / q) over positions, in nats. */
  readonly divergence: number
  /** Share of positions at which the likeliest token is the same. */
  readonly agreement: number
  /** exp of the mean of -ln q of the token that follows. */
  readonly perplexity: number
}

/** How q differs from p, in f64, over all positions of the texts. */
export function difference(p: Forced, q: Forced, texts: readonly (readonly number[])[]): Difference {
  let [positions, divergence, agreeing, surprise] = [0, 0, 0, 0]
  texts.forEach((text, index) => {
    p.logits[index].forEach((row, position) => {
      const [a, b] = [logSoftmax(row), logSoftmax(q.logits[index][position])]
      positions += 1
      divergence += a.reduce((sum, logP, token) => sum + Math.exp(logP) * (logP - b[token]), 0)
      agreeing += Number(indexOfMost(a) === indexOfMost(b))
      surprise -= b[text[position + 1]]
    })
  })
  return {
    divergence: divergence / positions,
    agreement: agreeing / positions,
    perplexity: Math.exp(surprise / positions),
  }
}

function logSoftmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b))
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)) + most
  return Float64Array.from(logits, logit => logit - total)
}

function indexOfMost(values: Float64Array): number {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0)
}
