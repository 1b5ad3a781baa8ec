/** What an independent PyTorch implementation answers on seeded checkpoints (scripts/oracles). */
import type { HfConfig } from './seeded-weights'

export interface Oracle {
  readonly name: string
  readonly seed: number
  readonly config: HfConfig
  /** Of all weights as little-endian f32, in file order. */
  readonly weightsSha256: string
  readonly runs: readonly {
    readonly prompt: number[]
    /** f32 [vocab] of the prompt's last position, base64 */
    readonly logits: string
    /** Greedy continuation. */
    readonly tokens: number[]
    /** NMSE of the oracle's own logits if it rounds K and V, int8 with a scale for each head of each token. */
    readonly cacheErrors: { readonly f16: number; readonly int8: number }
  }[]
}

const llamas = import.meta.glob<Oracle>('../fixtures/llama/*.json', { import: 'default', eager: true })
const others = import.meta.glob<Oracle>('../fixtures/architectures/*.json', { import: 'default', eager: true })

export const oracles = [...Object.values(llamas), ...Object.values(others)]

/** One of each architecture. */
export const oracleOfEach = [...new Map(oracles.map(oracle => [String(oracle.config.architectures), oracle])).values()]

/** Room for the longest run. LongRoPE turns by the length of the context. */
export function contextOf({ runs }: Oracle): number {
  return Math.max(...runs.map(({ prompt, tokens }) => prompt.length + tokens.length))
}

export function decodeLogits(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0))
  return new Float32Array(bytes.buffer)
}
