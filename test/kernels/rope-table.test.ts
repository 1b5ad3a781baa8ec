import { describe, expect, it } from 'vitest'
import { ropeFrequencies, ropeTable } from '../../src/kernels/rope-table'

const LLAMA_3_2 = {
  dim: 64,
  theta: 500000,
  scaling: { type: 'llama3', factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
} as const

describe('ropeFrequencies', () => {
  it('falls from 1 by equal ratios', () => {
    const config = { dim: 8, theta: 10000, scaling: { type: 'default' } } as const
    expect([...ropeFrequencies(config, 1)].map(f => f.toFixed(12))).toEqual(
      [1, 0.1, 0.01, 0.001].map(f => f.toFixed(12)),
    )
  })

  it('is divided by a linear factor', () => {
    const config = { dim: 8, theta: 10000, scaling: { type: 'linear', factor: 4 } } as const
    expect([...ropeFrequencies(config, 1)].map(f => f.toFixed(12))).toEqual(
      [0.25, 0.025, 0.0025, 0.00025].map(f => f.toFixed(12)),
    )
  })

  it('is scaled by wavelength for llama3, as transformers does', () => {
    // modeling_rope_utils.py, `_compute_llama3_parameters`, written out by wavelengths
    const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = LLAMA_3_2.scaling
    const frequencies = ropeFrequencies(LLAMA_3_2, 131)
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

  it('is scaled by the index of the pair for yarn, between those that turn 32 times and once', () => {
    const scaling = {
      type: 'yarn',
      factor: 4,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
      originalMaxPositions: 2048,
      attentionFactor: 1,
    } as const
    const rope = { dim: 64, theta: 10000, scaling }
    const frequencies = ropeFrequencies(rope, 8192)
    // 2048 tokens are 32 turns at pair 8.1 and one turn at pair 20.1
    for (let i = 0; i < 32; i++) {
      const stretched = Math.min(1, Math.max(0, (i - 8) / (21 - 8)))
      const frequency = 10000 ** (-i / 32)
      expect(frequencies[i]).toBeCloseTo(((1 - stretched) * frequency + (stretched * frequency) / 4) as number, 12)
    }
  })

  it('has factors of its own for longrope: the long ones where the context is longer than the original', () => {
    const [shortFactors, longFactors] = [
      [1, 1, 1, 1.5],
      [1, 2, 3, 4],
    ]
    const scaling = {
      type: 'longrope',
      shortFactors,
      longFactors,
      originalMaxPositions: 32,
      attentionFactor: 1.25,
    } as const
    const rope = { dim: 8, theta: 10000, scaling }
    const near = ropeFrequencies(rope, 32)
    const far = ropeFrequencies(rope, 33)
    for (let i = 0; i < 4; i++) {
      expect(near[i] * shortFactors[i]).toBeCloseTo(10 ** -i, 12)
      expect(far[i] * longFactors[i]).toBeCloseTo(10 ** -i, 12)
    }
    expect(ropeTable(rope, 33)[33 * 8 - 8]).toBe(Math.fround(1.25 * Math.cos(32 * far[0])))
  })
})

describe('ropeTable', () => {
  it('holds cosine and sine of position times frequency', () => {
    const table = ropeTable(LLAMA_3_2, 131)
    const frequencies = ropeFrequencies(LLAMA_3_2, 131)
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
