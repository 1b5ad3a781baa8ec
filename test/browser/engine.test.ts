import { afterEach, expect, inject, test } from 'vitest'
import { createEngine, evictCached, listCached } from '../../src/index'
import { readAll } from '../loader/hub/hub-contract'
import { TINY, TINY_SEED } from '../support/engine'
import { type FakeFile, publish } from '../support/fake-repository'
import { seededModel } from '../support/seeded-weights'

/** The files of a small model as the fake hub takes them. */
async function tinyFiles(): Promise<Record<string, FakeFile>> {
  const source = seededModel(TINY, TINY_SEED, 'BF16')
  const text = async (path: string) => [path, new TextDecoder().decode(await readAll(source, path))] as const
  const texts = await Promise.all(['config.json', 'tokenizer.json', 'tokenizer_config.json'].map(text))
  const weights = { values: [...(await readAll(source, 'model.safetensors'))] }
  return { ...Object.fromEntries(texts), 'model.safetensors': weights }
}

afterEach(() => evictCached())

test('a model of the hub answers, and answers the same from the cache when the hub is gone', async () => {
  const repository = { files: await tinyFiles(), token: 'hf_x' }
  const hub = await publish(inject('hubUrl'), repository)
  const answer = async () => {
    const engine = await createEngine('org/name', {
      hub: { host: hub.host, token: 'hf_x' },
      blocks: 16,
      tokenBudget: 2,
    })
    const [{ tokenIds }] = await engine.generate(['abc'], { maxTokens: 8, ignoreEos: true }).all()
    engine.dispose()
    return tokenIds
  }
  const first = await answer()
  expect(first.length).toBe(8)
  const bytes = (await hub.served()).reduce((sum, each) => sum + each.bytes, 0)
  const [model] = (await listCached()).models
  expect(model.name).toBe(`${hub.host.replace('http://', '')}/org/name`)
  expect(model.bytes).toBeGreaterThanOrEqual(bytes)
  await hub.change({ ...repository, faults: { api: Array(9).fill({ status: 503 }) } })
  expect(await answer()).toEqual(first)
  expect((await hub.served()).map(({ path }) => path)).toEqual(['api'])
})
