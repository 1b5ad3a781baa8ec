import { afterAll, beforeAll, describe, vi } from 'vitest'
import { lockContract } from './lock-contract'

describe('where the platform has no locks', () => {
  beforeAll(() => void vi.stubGlobal('navigator', {}))
  afterAll(() => void vi.unstubAllGlobals())
  lockContract()
})
