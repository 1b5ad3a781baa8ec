import { describe, expect, it } from 'vitest'
import type { Settings } from '../../src/engine/options'
import { chooseWeights } from '../../src/engine/plan/choose-weights'
import type { Encoding } from '../../src/loader'
import { encodingOf, formatNamed } from '../../src/loader/gguf/formats'
import { chooseFormat, type WeightChoice } from '../../src/packing/choose-format'

const type = (name: string): Encoding => encodingOf(formatNamed(name))
const gptq = (integers: Encoding['integers'] = { bits: 4, group: 128, hasZeros: true }): Encoding => ({
  ...{ type: 'GPTQ', integers, parts: [] },
  unpacking: { kind: 'float4' },
})
const budget = (bytes: number) => ({ bytes, reason: 'for a test' })
const kept: WeightChoice = { format: 'f32', keepsIntegers: true }
const q = (kind: 'q8' | 'q4', hasZeros = false, group = 32) => ({ kind, group, hasZeros })

describe('a matrix whose format nobody asked for', () => {
  it.each([
    ['F32', { kind: 'f32' }],
    ['F16', { kind: 'f32' }],
    ['BF16', { kind: 'f32' }],
    ['Q4_0', q('q4')],
    ['Q4_1', q('q4', true)],
    ['Q4_K', q('q4', true)],
    ['Q5_0', q('q8')],
    ['Q5_1', q('q8', true)],
    ['Q5_K', q('q8', true)],
    ['Q6_K', q('q8')],
    ['Q8_0', q('q8')],
  ])('stays what it is: %s', (name, format) => {
    expect(chooseFormat(kept, [type(name)], 256, false)).toEqual(format)
    expect(chooseFormat(kept, [type(name)], 256, true)).toEqual(format)
  })

  it('of GPTQ or AWQ keeps its groups, and zeros where it has some; of scattered groups 8 bits', () => {
    expect(chooseFormat(kept, [gptq()], 256, false)).toEqual(q('q4', true, 128))
    expect(chooseFormat(kept, [gptq({ bits: 4, group: 64, hasZeros: false })], 256, false)).toEqual(q('q4', false, 64))
    expect(chooseFormat(kept, [gptq('other')], 256, false)).toEqual(q('q8'))
  })

  it('holds all of which it is stacked', () => {
    const format = (...sources: Encoding[]) => chooseFormat(kept, sources, 256, false)
    expect(format(type('Q4_K'), type('Q4_K'), type('Q6_K'))).toEqual(q('q8', true))
    expect(format(type('Q4_0'), type('Q4_1'))).toEqual(q('q4', true))
    expect(format(gptq({ bits: 4, group: 128, hasZeros: false }), type('Q4_0'))).toEqual(q('q4'))
    expect(format(type('Q4_0'), type('F16'))).toEqual({ kind: 'f32' })
  })
})

describe('a matrix whose format was asked for', () => {
  const format = (weights: Settings['weights'], source: Encoding, isSensitive = false, cols = 256) =>
    chooseFormat(chooseWeights({ weights }, { tensors: new Map() }, budget(1)), [source], cols, isSensitive)

  it('is f32 or f16 whatever it was', () => {
    for (const source of [type('BF16'), type('Q4_K'), gptq()]) {
      expect(format('f32', source)).toEqual({ kind: 'f32' })
      expect(format('f16', source)).toEqual({ kind: 'f16' })
    }
  })

  it('of 8 or 4 bits is rounded only if it is wider', () => {
    expect(format('q8', type('BF16'))).toEqual(q('q8'))
    expect(format('q8', type('Q4_K'))).toEqual(q('q4', true))
    expect(format('q4', type('Q8_0'))).toEqual(q('q4'))
    expect(format('q4', gptq())).toEqual(q('q4', true, 128))
  })

  it('has 8 bits at least if it is the embedding or the head, unless it has 4 already', () => {
    expect(format('q4', type('F16'), true)).toEqual(q('q8'))
    expect(format('q4', type('Q6_K'), true)).toEqual(q('q8'))
    expect(format('q4', type('Q4_0'), true)).toEqual(q('q4'))
    expect(format('f16', type('F16'), true)).toEqual({ kind: 'f16' })
  })

  it('is f16 where no group divides its columns', () => {
    expect(format('q8', gptq('other'), false, 48)).toEqual({ kind: 'f16' })
    expect(format('q4', type('F32'), false, 48)).toEqual({ kind: 'f16' })
  })
})

describe('weights “auto”', () => {
  const numWeights = 2 ** 26
  const shape = [numWeights / 64, 64]
  const tensor = { file: 'f', storedName: 'w', shape, encoding: type('BF16') }
  const choose = (bytes: number) =>
    chooseWeights({ weights: 'auto' }, { tensors: new Map([['w', tensor]]) }, budget(bytes))

  it('are exact in a small model, else as narrow as the budget asks for; integers stay', () => {
    expect(choose(8 * 4 * numWeights)).toEqual({ format: 'f32', keepsIntegers: true })
    expect(choose(8 * 4 * numWeights - 8)).toEqual({ format: 'f16', keepsIntegers: true })
    expect(choose(2 * 2 * numWeights)).toEqual({ format: 'f16', keepsIntegers: true })
    expect(choose(2 * 2 * numWeights - 2)).toEqual({ format: 'q8', keepsIntegers: true })
    expect(choose(2 * numWeights)).toEqual({ format: 'q4', keepsIntegers: true })
  })
})
