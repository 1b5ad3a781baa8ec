import { describe, expect, it } from 'vitest'
import { samplingParams } from '../../src/engine/sampling-params'
import { createEngine, type EngineOptions } from '../../src/index'
import type { Tuning } from '../../src/kernels/tunable'
import { sharedDevice } from '../support/device'
import { drivenEngine, TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

const OPTIONS: EngineOptions = { blocks: 64, contextLength: 128, tokenBudget: 96 }
const PROMPTS = [1, 3, 20, 70].map(length => Array.from({ length }, (_, at) => (7 * at + length) % 301))

/** The tokens of prompts that run together, and the last logits. */
async function answers(options: EngineOptions, tuning?: Tuning) {
  const engine = await drivenEngine(TINY, TINY_SEED, { ...OPTIONS, ...options }, tuning)
  const requests = PROMPTS.map((prompt, index) => {
    const params = {
      maxTokens: 6,
      ignoreEos: true,
      temperature: index % 2,
      seed: index,
      logprobs: index === 0 ? 0 : undefined,
    }
    return { prompt, params: samplingParams(params, 301) }
  })
  const tokens = await engine.run(requests)
  const logits = await engine.logits()
  engine.dispose()
  return { tokens, logits }
}

describe.each<EngineOptions>([{ weights: 'q4' }, { weights: 'f32' }, { weights: 'q8', activations: 'int8' }])(
  '%o',
  options => {
    it('the answers are the same by every way to multiply, for any number of tokens', async () => {
      const expected = await answers(options)
      let mostWays = 2
      for (let way = 0; way < mostWays; way++) {
        const forced = await answers(options, {
          add: ({ ways }) => {
            mostWays = Math.max(mostWays, ways.length)
            return [{ way: Math.min(way, ways.length - 1), maxTokens: Number.POSITIVE_INFINITY }]
          },
        })
        expect(forced).toEqual(expected)
      }
    })
  },
)

describe('tuning', () => {
  /** What an engine writes, what was decided for it, and what its making asked of the device. */
  async function load(options: EngineOptions) {
    const device = await sharedDevice()
    const { queue } = device
    let submits = 0
    const submit = queue.submit.bind(queue)
    queue.submit = buffers => {
      submits += 1
      submit(buffers)
    }
    const model = seededModel({ ...TINY, vocab_size: 307 }, TINY_SEED)
    const engine = await createEngine(model, { ...OPTIONS, device, cache: false, ...options })
    queue.submit = submit
    const results = await engine.generate(PROMPTS, { maxTokens: 6, ignoreEos: true, logprobs: 1 }).all()
    const { pipelines } = await engine.stats()
    engine.dispose()
    const decision = engine.decisions.find(text => text.startsWith('ways to multiply'))
    return { answers: results.map(({ tokenIds, logprobs }) => ({ tokenIds, logprobs })), submits, decision, pipelines }
  }

  it('changes no answer, and once all ways are timed a load knows them', async () => {
    const off = await load({ study: { tuning: false } })
    expect([off.submits, off.decision]).toEqual([0, undefined])
    const first = await load({ study: { tuning: true } })
    expect(first.decision).toMatch(/timed in \d+ ms/)
    expect(first.submits).toBeGreaterThan(0)
    expect(first.answers).toEqual(off.answers)
    let last = first
    for (let loads = 0; loads < 30 && last.submits > 0; loads++) last = await load({ study: { tuning: true } })
    expect(last.decision).toMatch(/known from an earlier load/)
    expect(last.pipelines).toBeLessThanOrEqual(first.pipelines)
    expect(last.answers).toEqual(off.answers)
  })
})
