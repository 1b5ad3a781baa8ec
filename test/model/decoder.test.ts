import { describe, expect, it } from 'vitest'
import type { Chunk } from '../../src/core/batch'
import { Sequence } from '../../src/core/sequence'
import { assemble } from '../../src/engine/assemble'
import { loadWeights } from '../../src/engine/load-weights'
import { samplingParams } from '../../src/engine/sampling-params'
import { openGpu } from '../../src/gpu/device'
import { ReadbackRing } from '../../src/gpu/readback'
import { Step } from '../../src/gpu/step'
import { parseModelConfig } from '../../src/loader'
import { openSafetensors } from '../../src/loader/safetensors-checkpoint'
import { nmse } from '../support/compare'
import { contextOf, decodeLogits, oracles } from '../support/oracles'
import { seededModel } from '../support/seeded-weights'

describe('the graph', () => {
  it.each(oracles)('gives the logits of the PyTorch oracle: $name', async oracle => {
    const { config, seed, runs } = oracle
    const gpu = await openGpu()
    const modelConfig = parseModelConfig(config)
    const source = seededModel(config, seed)
    const checkpoint = await openSafetensors(source, undefined)
    const options = { blocks: 32, contextLength: contextOf(oracle) }
    const { weights, activations, parts } = assemble(gpu, modelConfig, checkpoint, options)
    await Promise.all([gpu.settled(), loadWeights(gpu, source, checkpoint, weights, {})])
    for (const { prompt, logits } of runs) {
      const sequence = new Sequence(0, prompt, samplingParams({}, modelConfig.vocabSize), prompt.length + 1, [])
      parts.scheduler.add(sequence)
      const batch = parts.scheduler.next()
      if (!batch) throw new Error('nothing to do')
      expect(batch.chunks.map(({ count }: Chunk) => count)).toEqual([prompt.length])
      parts.scheduler.complete(batch, await parts.runner.run(batch))

      const bytes = modelConfig.vocabSize * 4
      const ring = new ReadbackRing(gpu, bytes)
      const [step, target] = [new Step(gpu, 16), ring.take()]
      step.copy(activations.logits, 0, target, 0, bytes)
      step.submit()
      const actual = new Float32Array(await ring.read(target, bytes))
      expect(nmse(actual, decodeLogits(logits))).toBeLessThanOrEqual(1e-8)
    }
    gpu.dispose()
  })
})
