import { engineContract } from '../support/engine-contract'
import { openRemote } from './open'

engineContract('an engine at the other end of a port', async () => (await openRemote({ contextLength: 128 })).engine)
