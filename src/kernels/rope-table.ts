import type { ModelConfig } from '../core/model-config'

export type RopeConfig = Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>

/** Radians per position of each pair of dims, [headDim / 2]: theta^(-2i / headDim), scaled (RoPE, arXiv:2104.09864 §3.2). */
export function ropeFrequencies({ headDim, ropeTheta, ropeScaling: scaling }: RopeConfig): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => {
    const frequency = ropeTheta ** ((-2 * i) / headDim)
    switch (scaling.type) {
      case 'default':
        return frequency
      case 'linear':
        return frequency / scaling.factor
      case 'llama3': {
        // Llama 3.1: pairs that turn often within the original context stay, slow ones stretch, those between are mixed
        const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling
        const turns = (originalMaxPositions * frequency) / (2 * Math.PI)
        const kept = Math.min(1, Math.max(0, (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor)))
        return frequency * (kept + (1 - kept) / factor)
      }
    }
  })
}

/** [numPositions, headDim / 2, 2]: (cos, sin) of the angle of each pair at each position, computed in f64. */
export function ropeTable(config: RopeConfig, numPositions: number): Float32Array<ArrayBuffer> {
  const frequencies = ropeFrequencies(config)
  const table = new Float32Array(numPositions * frequencies.length * 2)
  for (let position = 0, at = 0; position < numPositions; position++) {
    for (const frequency of frequencies) {
      table[at++] = Math.cos(position * frequency)
      table[at++] = Math.sin(position * frequency)
    }
  }
  return table
}
