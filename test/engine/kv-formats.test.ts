import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { samplingParams } from '../../src/engine/sampling-params'
import { nmse } from '../support/compare'
import { drivenEngine, type Request, TINY, TINY_SEED } from '../support/engine'
import { contextOf, decodeLogits, type Oracle, oracleOfEach } from '../support/oracles'
import { random } from '../support/random'

/** Of one of each architecture every fourth: software adapters take long. */
const some = oracleOfEach.filter((_, index) => index % 4 === 0)

/** Of the logits after each prompt; in chunks of 24, which read what earlier ones have rounded. */
async function errors(oracle: Oracle, kv: 'f16' | 'int8'): Promise<number[]> {
  const { config, seed, runs } = oracle
  const options = {
    kv,
    blocks: 32,
    contextLength: contextOf(oracle),
    tokenBudget: 24,
    study: { sharing: 'off' },
  } as const
  const driven = await drivenEngine(config, seed, options)
  const params = samplingParams({ maxTokens: 1, ignoreEos: true, logprobs: 0 }, config.vocab_size as number)
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

const { int } = random(7)
const tokens = (count: number) => Array.from({ length: count }, () => int(0, TINY.vocab_size))

/** Prompts that fork inside blocks, beyond the first segment of attention. */
const instruction = tokens(135)
const requests: Request[] = [0, 3, 3, 20, 41].map((length, index) => ({
  prompt: [...instruction.slice(0, 135 - (index % 2)), ...tokens(length)],
  params: samplingParams({ maxTokens: 8, ignoreEos: true, seed: index, temperature: index % 2 }, TINY.vocab_size),
}))

describe('whatever the KV cache keeps, the tokens of a prompt are the same', () => {
  it.each(['f16', 'int8', 'int4'] as const)('alone and shared, whole and in chunks: %s', async kv => {
    const plain = await drivenEngine(TINY, TINY_SEED, { kv, blocks: 128, study: { sharing: 'off', attention: 'flat' } })
    const alone: number[][] = []
    for (const request of requests) alone.push(...(await plain.run([request])))
    plain.dispose()
    const shared = await drivenEngine(TINY, TINY_SEED, { kv, blocks: 128, tokenBudget: 23 })
    expect(await shared.run(requests)).toEqual(alone)
    // taken over up to within a block
    expect(shared.scheduler.stats.savedTokens % BLOCK_LEN).not.toBe(0)
    shared.dispose()
  })
})
