import { describe, expect, it } from 'vitest'
import { BLOCK_LEN } from '../../src/core/block'
import { samplingParams } from '../../src/engine/sampling-params'
import { drivenEngine, type Request, TINY, TINY_SEED } from '../support/engine'
import { random } from '../support/random'

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
