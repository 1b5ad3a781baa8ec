import { createEngine } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { engineContract } from '../support/engine-contract'
import { seededModel } from '../support/seeded-weights'

engineContract('an engine on this thread’s GPU', async () => {
  const device = await sharedDevice()
  return createEngine(seededModel(TINY, TINY_SEED), { device, blocks: 256, contextLength: 128 })
})
