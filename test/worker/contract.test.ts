import { engineContract } from '../support/engine-contract'
import { openRemote } from './open'
import { sharedHost } from './open-shared'

engineContract('an engine at the other end of a port', async () => (await openRemote({ contextLength: 128 })).engine)

const { tab } = sharedHost()
engineContract('an engine that tabs share, at the other end of ports', async () => {
  return (await tab({ contextLength: 128, graceMs: 0 })).engine
})
