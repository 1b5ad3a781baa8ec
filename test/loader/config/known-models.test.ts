import { expect, test } from 'vitest'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { KNOWN_MODELS } from '../../../src/loader/hub/known-models'
import { parseHubLocation } from '../../../src/loader/hub/location'
import { CARD_MILLIONS } from './known-configs'
import { CONFIGS, sizeOf } from './model-sizes'

test.each(Object.entries(CARD_MILLIONS))('%s has as many weights as its card says', (id, millions) => {
  const { count } = sizeOf(parseModelConfig(CONFIGS[id]), 'q4')
  expect(Math.abs(count / 1e6 - millions)).toBeLessThan(0.06)
})

test.each(KNOWN_MODELS)('$id is of the size that its config.json says', ({ id, weights, q4Mib }) => {
  expect(parseHubLocation(id)).toMatchObject({ id, quantization: undefined })
  const { bytes, count } = sizeOf(parseModelConfig(CONFIGS[id]), 'q4')
  expect({ weights, q4Mib }).toEqual({ weights: count, q4Mib: Math.ceil(bytes / 2 ** 20) })
})

test('known models are each there once, by rising size', () => {
  expect(new Set(KNOWN_MODELS.map(({ id }) => id)).size).toBe(KNOWN_MODELS.length)
  expect(KNOWN_MODELS.map(({ weights }) => weights)).toEqual(
    KNOWN_MODELS.map(({ weights }) => weights).sort((a, b) => a - b),
  )
})
