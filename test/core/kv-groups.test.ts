import { expect, test } from 'vitest'
import { kvGroups } from '../../src/core/kv-groups'

const layers = (...windows: (number | undefined)[]) => windows.map(window => ({ window }))

test('layers that see equally far are a group, furthest sight first', () => {
  const config = layers(512, 512, undefined, 512, undefined)
  expect(kvGroups(config, 8192)).toEqual([
    { window: Number.POSITIVE_INFINITY, layers: [2, 4] },
    { window: 512, layers: [0, 1, 3] },
  ])
})

test('a model whose layers all have one window has that group only, and one without any the full one', () => {
  expect(kvGroups(layers(4096, 4096), 8192)).toEqual([{ window: 4096, layers: [0, 1] }])
  expect(kvGroups(layers(undefined, undefined), 8192)).toEqual([{ window: Number.POSITIVE_INFINITY, layers: [0, 1] }])
})

test('a window as long as the context is none', () => {
  const config = layers(512, undefined)
  expect(kvGroups(config, 512)).toEqual([{ window: Number.POSITIVE_INFINITY, layers: [0, 1] }])
  expect(kvGroups(config, 513)).toHaveLength(2)
})
