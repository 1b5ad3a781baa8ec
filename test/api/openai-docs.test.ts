/** The examples of docs/openai.md do what they say, on engines in place and behind a port. */
import { readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { openai } from '../../src/openai'
import { openEngine } from '../null-gpu/open'
import { openRemote } from '../worker/open'

const EXAMPLES = [...readFileSync('docs/openai.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
  .map(([, code]) => code)
  // that one is for a model that calls tools (tools.test.ts)
  .filter(code => !code.includes('tools'))
const AsyncFunction = (async () => undefined).constructor as new (...args: string[]) => (...args: unknown[]) => unknown

it.each([
  ['in place', openEngine],
  ['behind a port', async () => (await openRemote()).engine],
])('%s', async (_, open) => {
  const engine = await open()
  expect(EXAMPLES).toHaveLength(2)
  for (const code of EXAMPLES) {
    const said: unknown[] = []
    const run = new AsyncFunction('engine', 'openai', 'OpenAI', 'console', code.replace(/^import .*$/gm, ''))
    await run(engine, openai, OpenAI, { log: (...values: unknown[]) => said.push(...values) })
    // what a GPU that does nothing draws
    expect(said.filter(value => typeof value === 'string').join('')).toMatch(/^d{8}(d{8})?$/)
  }
  engine.dispose()
})
