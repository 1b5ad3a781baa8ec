import { describe, expect, it } from 'vitest'
import { samplingParams } from '../../src/engine/sampling-params'
import { nmse } from '../support/compare'
import { drivenEngine } from '../support/engine'
import { contextOf, decodeLogits, type Oracle, oracles } from '../support/oracles'

/** One of each architecture. */
const some = [...new Map(oracles.map(oracle => [String(oracle.config.architectures), oracle])).values()]

/** Of the logits after each prompt; in chunks of 24, which read what earlier ones have rounded. */
async function errors(oracle: Oracle, kv: 'f16' | 'int8'): Promise<number[]> {
  const { config, seed, runs } = oracle
  const options = { kv, blocks: 32, contextLength: contextOf(oracle), tokenBudget: 24, sharing: 'off' } as const
  const driven = await drivenEngine(config, seed, options)
  const params = samplingParams({ maxTokens: 1, ignoreEos: true }, config.vocab_size as number)
  const found: number[] = []
  for (const { prompt, logits } of runs) {
    await driven.run([{ prompt, params }])
    found.push(nmse(await driven.logits(), decodeLogits(logits)))
  }
  driven.dispose()
  return found
}

/** Beyond which a format would be no good, whatever the oracle says. */
const MOST = { f16: 1e-5, int8: 5e-2 }

describe.each(['f16', 'int8'] as const)('a KV cache in %s', kv => {
  it.each(some)('costs what rounding K and V costs the PyTorch oracle, and no more: $name', async oracle => {
    for (const [index, error] of (await errors(oracle, kv)).entries()) {
      expect(error).toBeLessThan(MOST[kv])
      // twice: the roundings themselves depend on the last bits of what is rounded
      expect(error).toBeLessThan(2 * oracle.runs[index].cacheErrors[kv] + 1e-8)
    }
  })
})
