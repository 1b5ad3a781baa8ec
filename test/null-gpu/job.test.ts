import { expect, test } from 'vitest'
import { runJob } from '../../src/batch'
import type { Engine } from '../../src/index'
import { openEngine } from './open'

test('a job needs of an engine what crosses to a worker, and answers with texts and bytes of tokens', async () => {
  const engine = await openEngine()
  const { modelName, weights, decisions, config } = engine
  const far = {
    ...structuredClone({ modelName, weights, decisions, config }),
    stats: async () => structuredClone(await engine.stats()),
    generate: (...call: Parameters<Engine['generate']>) => {
      expect(call[2]?.priority).toBe('background')
      return engine.generate(...call)
    },
  } as Engine
  const body = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2, logprobs: true, top_logprobs: 1 }
  const lines = [
    { ...body, ignore_eos: true },
    { ...body, temperature: -1 },
  ].map(line => JSON.stringify(line))
  const { responses, summary } = await runJob(far, lines)
  expect(responses[1].error?.message).toBe('Line 2: temperature is -1, but must be a number from 0 to 100.')
  // what a GPU that does nothing draws
  const token = { token: 'd', bytes: [100] }
  const choice = { message: { content: 'dd' }, logprobs: { content: [token, token] } }
  expect(responses[0].response?.body).toMatchObject({ choices: [choice] })
  expect(summary).toMatchObject({ requests: 2, failed: 1, decodeTokens: 2, weights })
  engine.dispose()
})
