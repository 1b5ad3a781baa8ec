import { describe, expect, it } from 'vitest'
import { ropeFrequencies, ropeTable } from '../../src/kernels/rope-table'

const LLAMA_3_2 = {
  theta: 500000,
  scaling: { type: 'llama3', factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
} as const

describe('ropeFrequencies', () => {
  it('falls from 1 by equal ratios', () => {
    const rope = { theta: 10000, scaling: { type: 'default' } } as const
    expect([...ropeFrequencies(rope, 8)].map(f => f.toFixed(12))).toEqual([1, 0.1, 0.01, 0.001].map(f => f.toFixed(12)))
  })

  it('is divided by a linear factor', () => {
    const rope = { theta: 10000, scaling: { type: 'linear', factor: 4 } } as const
    expect([...ropeFrequencies(rope, 8)].map(f => f.toFixed(12))).toEqual(
      [0.25, 0.025, 0.0025, 0.00025].map(f => f.toFixed(12)),
    )
  })

  it('is scaled by wavelength for llama3, as transformers does', () => {
    // modeling_rope_utils.py, `_compute_llama3_parameters`, written out by wavelengths
    const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = LLAMA_3_2.scaling
    const frequencies = ropeFrequencies(LLAMA_3_2, 64)
    const regions = new Set<string>()
    for (let i = 0; i < 32; i++) {
      const frequency = 1 / 500000 ** (i / 32)
      const wavelength = (2 * Math.PI) / frequency
      let expected = frequency
      let region = 'kept'
      if (wavelength > originalMaxPositions / lowFreqFactor) {
        expected = frequency / factor
        region = 'stretched'
      } else if (wavelength >= originalMaxPositions / highFreqFactor) {
        const smooth = (originalMaxPositions / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
        expected = ((1 - smooth) * frequency) / factor + smooth * frequency
        region = 'mixed'
      }
      regions.add(region)
      expect(frequencies[i] / expected).toBeCloseTo(1, 12)
    }
    expect([...regions]).toEqual(['kept', 'mixed', 'stretched'])
  })
})

describe('ropeTable', () => {
  it('holds cosine and sine of position times frequency', () => {
    const table = ropeTable(LLAMA_3_2, 64, 131)
    const frequencies = ropeFrequencies(LLAMA_3_2, 64)
    expect(table.length).toBe(131 * 64)
    for (const [position, pair] of [
      [0, 5],
      [1, 0],
      [130, 31],
      [77, 14],
    ]) {
      const at = (position * 32 + pair) * 2
      expect(table[at]).toBe(Math.fround(Math.cos(position * frequencies[pair])))
      expect(table[at + 1]).toBe(Math.fround(Math.sin(position * frequencies[pair])))
    }
  })
})
