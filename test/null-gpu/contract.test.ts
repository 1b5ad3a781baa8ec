import { engineContract } from '../support/engine-contract'
import { openEngine } from './open'

engineContract('an engine on a GPU that does nothing', () => openEngine(undefined, { contextLength: 128 }))
