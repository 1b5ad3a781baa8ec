import { expect, it } from 'vitest'
import { FAMILY_SHAPES } from '../../../scripts/oracles/family-shapes.mjs'
import { DEFAULT_SIZES, sectionsOf } from '../../../src/bench/engine/sections'

it('measures a Llama and every family that a model can be seeded of', () => {
  const shapes = sectionsOf('families', DEFAULT_SIZES).map(({ shape }) => shape)
  expect(shapes).toEqual(['bench-6m', ...Object.keys(FAMILY_SHAPES)])
})
