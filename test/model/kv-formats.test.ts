import { describe, expect, it } from 'vitest'
import { Sequence } from '../../src/core/sequence'
import { assemble } from '../../src/engine/assemble'
import { loadWeights } from '../../src/engine/load-weights'
import { samplingParams } from '../../src/engine/sampling-params'
import { openGpu } from '../../src/gpu/device'
import { ReadbackRing } from '../../src/gpu/readback'
import { Step } from '../../src/gpu/step'
import { parseModelConfig } from '../../src/loader'
import { nmse } from '../support/compare'
import { decodeLogits, oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

/** NMSE of the logits of each prompt's last position; the prompts go in chunks of 8, which read K and V of earlier ones. */
async function errors(kv: 'f16' | 'int8'): Promise<number[]> {
  const oracle = oracles.find(({ name }) => name === 'wide-heads')
  if (!oracle) throw new Error('no such oracle')
  const { config, seed, runs } = oracle
  const gpu = await openGpu()
  const modelConfig = parseModelConfig(config)
  const { weights, activations, parts } = assemble(gpu, modelConfig, { kv, blocks: 32, tokenBudget: 8 })
  await Promise.all([gpu.settled(), loadWeights(gpu, seededModel(config, seed), weights, {})])
  const found: number[] = []
  for (const { prompt, logits } of runs) {
    const sequence = new Sequence(0, prompt, samplingParams({}, modelConfig.vocabSize), prompt.length + 1, [])
    parts.scheduler.add(sequence)
    for (let batch = parts.scheduler.next(); batch; batch = parts.scheduler.next()) {
      parts.scheduler.complete(batch, await parts.runner.run(batch))
    }
    const bytes = modelConfig.vocabSize * 4
    const ring = new ReadbackRing(gpu, bytes)
    const [step, target] = [new Step(gpu, 16), ring.take()]
    step.copy(activations.logits, 0, target, 0, bytes)
    step.submit()
    found.push(nmse(new Float32Array(await ring.read(target, bytes)), decodeLogits(logits)))
  }
  gpu.dispose()
  return found
}

describe('with a KV cache in', () => {
  it.each([
    ['f16', 1e-5],
    ['int8', 5e-3],
  ] as const)('%s the logits are those of the PyTorch oracle, to an NMSE of %f', async (kv, bound) => {
    expect(Math.max(...(await errors(kv)))).toBeLessThanOrEqual(bound)
  })
})
