import { expect, it } from 'vitest'
import { createEngine } from '../../src/index'
import { TINY } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

/** Dispatches of a step: a prompt of 9 tokens, or a decode. */
async function dispatchesPerStep(numLayers: number): Promise<number> {
  const engine = await createEngine(seededModel({ ...TINY, num_hidden_layers: numLayers }, 1), { blocks: 8 })
  await engine.generate([[1, 2, 3, 4, 5, 6, 7, 8, 9]], { maxTokens: 4, ignoreEos: true }).all()
  const { dispatches, steps } = engine.stats()
  engine.dispose()
  return dispatches / steps
}

it('a layer of a Llama takes 8 dispatches at most', async () => {
  expect((await dispatchesPerStep(5)) - (await dispatchesPerStep(4))).toBeLessThanOrEqual(8)
})
