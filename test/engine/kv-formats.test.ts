import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { samplingParams } from '../../src/engine/sampling-params'
import { nmse } from '../support/compare'
import { drivenEngine, type Request, TINY, TINY_SEED } from '../support/engine'
import { decodeLogits, oracles } from '../support/oracles'
import { random } from '../support/random'

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

const { int } = random(7)
const tokens = (count: number) => Array.from({ length: count }, () => int(0, TINY.vocab_size))

/** Prompts that fork inside blocks, beyond the first segment of attention. */
const instruction = tokens(135)
const requests: Request[] = [0, 3, 3, 20, 41].map((length, index) => ({
  prompt: [...instruction.slice(0, 135 - (index % 2)), ...tokens(length)],
  params: samplingParams({ maxTokens: 8, ignoreEos: true, seed: index, temperature: index % 2 }, TINY.vocab_size),
}))

describe('whatever the KV cache keeps, the tokens of a prompt are the same', () => {
  it.each(['f16', 'int8'] as const)('alone and shared, whole and in chunks: %s', async kv => {
    const plain = await drivenEngine(TINY, TINY_SEED, { kv, blocks: 128, sharing: 'off', attention: 'flat' })
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
