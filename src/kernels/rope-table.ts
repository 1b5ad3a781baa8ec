import { assert } from '../core/assert'
import type { RopeScaling } from '../core/model-config'

/** How positions turn into angles. */
export interface Rope {
  readonly theta: number
  readonly scaling: RopeScaling
}

/** Radians per position of each pair of dims, [rotaryDim / 2]: theta^(-2i / rotaryDim), scaled (RoPE, arXiv:2104.09864 §3.2). */
export function ropeFrequencies({ theta, scaling }: Rope, rotaryDim: number): Float64Array {
  assert(rotaryDim % 2 === 0, `${rotaryDim} dims are not pairs`)
  return Float64Array.from({ length: rotaryDim / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / rotaryDim)
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

/** [numPositions, rotaryDim / 2, 2]: (cos, sin) of the angle of each pair at each position, computed in f64. */
export function ropeTable(rope: Rope, rotaryDim: number, numPositions: number): Float32Array<ArrayBuffer> {
  const frequencies = ropeFrequencies(rope, rotaryDim)
  const table = new Float32Array(numPositions * frequencies.length * 2)
  for (let position = 0, at = 0; position < numPositions; position++) {
    for (const frequency of frequencies) {
      table[at++] = Math.cos(position * frequency)
      table[at++] = Math.sin(position * frequency)
    }
  }
  return table
}
