import { afterEach, expect, test, vi } from 'vitest'
import { inlinePacker, openPacker } from '../../src/packing/open-packer'

afterEach(() => vi.unstubAllGlobals())

test.each([
  ['another origin', () => new DOMException('no', 'SecurityError')],
  ['trusted types', () => new TypeError('This document requires a TrustedScriptURL.')],
])('where a policy forbids workers (%s) this thread packs', async (_, error) => {
  let numTried = 0
  const Forbidden = class {
    constructor() {
      numTried++
      throw error()
    }
  }
  vi.stubGlobal('Worker', Forbidden)
  expect(await openPacker()).toBe(inlinePacker)
  expect(numTried).toBeGreaterThan(0)
})
