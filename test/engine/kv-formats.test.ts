import { describe, expect, it } from 'vitest'
import { samplingParams } from '../../src/engine/sampling-params'
import { nmse } from '../support/compare'
import { drivenEngine } from '../support/engine'
import { decodeLogits, oracles } from '../support/oracles'

/** NMSE of the logits of each prompt's last position; the prompts go in chunks of 8, which read K and V of earlier ones. */
async function errors(kv: 'f16' | 'int8'): Promise<number[]> {
  const oracle = oracles.find(({ name }) => name.endsWith('wide-heads'))
  if (!oracle) throw new Error('no such oracle')
  const { config, seed, runs } = oracle
  const driven = await drivenEngine(config, seed, { kv, blocks: 32, tokenBudget: 8 })
  const found: number[] = []
  for (const { prompt, logits } of runs) {
    await driven.run([{ prompt, params: samplingParams({ maxTokens: 1 }, config.vocab_size as number) }])
    found.push(nmse(await driven.logits(), decodeLogits(logits)))
  }
  driven.dispose()
  return found
}

describe('with a KV cache in', () => {
  it.each([
    ['f16', 1e-5],
    ['int8', 5e-3],
  ] as const)('%s the logits are those of the PyTorch oracle, to an NMSE of %f', async (kv, bound) => {
    expect(Math.max(...(await errors(kv)))).toBeLessThanOrEqual(bound)
  })
})
