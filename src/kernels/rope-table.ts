import type { Rope } from '../core/model-config'

/**
 * Radians per position of each pair of dims, [dim / 2]: theta^(-2i / dim), scaled (RoPE, arXiv:2104.09864 §3.2).
 * `numPositions`: the longest context.
 */
export function ropeFrequencies({ dim, theta, scaling }: Rope, numPositions: number): Float64Array {
  return Float64Array.from({ length: dim / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / dim)
    switch (scaling.type) {
      case 'default':
        return frequency
      case 'linear':
        return frequency / scaling.factor
      case 'llama3': {
        // Llama 3.1: pairs that turn often within the original context stay, slow ones stretch, those between are mixed
        const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling
        const turns = (originalMaxPositions * frequency) / (2 * Math.PI)
        const kept = clamp((turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor))
        return frequency * (kept + (1 - kept) / factor)
      }
      case 'yarn': {
        // YaRN (arXiv:2309.00071 §3.2): the same, but mixed in proportion to the index of the pair
        const { factor, betaFast, betaSlow, truncate, originalMaxPositions } = scaling
        const pairOf = (turns: number) =>
          (dim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
        const [fast, slow] = [pairOf(betaFast), pairOf(betaSlow)]
        const first = Math.max(truncate ? Math.floor(fast) : fast, 0)
        const last = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1)
        const kept = 1 - clamp((i - first) / (last === first ? 0.001 : last - first))
        return frequency * (kept + (1 - kept) / factor)
      }
      case 'longrope': {
        // the factors of a whole run are those of its longest context: what K holds must not change as sequences grow
        const { shortFactors, longFactors, originalMaxPositions } = scaling
        return frequency / (numPositions > originalMaxPositions ? longFactors : shortFactors)[i]
      }
    }
  })
}

/** The table [numPositions, dim / 2, 2] of (cos, sin) of the angle of each pair at each position, computed in f64. */
export function ropeTable(rope: Rope, numPositions: number): Float32Array<ArrayBuffer> {
  const { scaling } = rope
  const frequencies = ropeFrequencies(rope, numPositions)
  const length = 'attentionFactor' in scaling ? scaling.attentionFactor : 1
  const table = new Float32Array(numPositions * frequencies.length * 2)
  for (let position = 0, at = 0; position < numPositions; position++) {
    for (const frequency of frequencies) {
      table[at++] = length * Math.cos(position * frequency)
      table[at++] = length * Math.sin(position * frequency)
    }
  }
  return table
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share))
