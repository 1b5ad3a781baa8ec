import { expect, test } from 'vitest'
import { type EmbeddingEngine, readSentenceModel } from '../../src/embeddings/pooling'

const modules = [
  { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
  { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
  { idx: 2, name: '2', path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
]
const dense = { idx: 2, name: '2', path: '2_Dense', type: 'sentence_transformers.models.Dense' }

/** What is read of a repository with these files. */
function read(files: Readonly<Record<string, unknown>>, pooling?: 'last' | 'mean') {
  const modelFile = async (name: string) => (name in files ? JSON.stringify(files[name]) : undefined)
  return readSentenceModel({ modelName: 'm', modelFile } as unknown as EmbeddingEngine, pooling, {})
}

const withPooling = (config: object) => ({ 'modules.json': modules, '1_Pooling/config.json': config })

test('a repository says how its model pools, and what goes before texts', async () => {
  const sentences = { prompts: { query: 'Q: ', document: '' }, default_prompt_name: 'query' }
  const last = { ...withPooling({ pooling_mode_lasttoken: true, pooling_mode_mean_tokens: false }) }
  expect(await read({ ...last, 'config_sentence_transformers.json': sentences })).toEqual({
    pooling: 'last',
    prompts: sentences.prompts,
    defaultPrompt: 'Q: ',
  })
  expect((await read(withPooling({ pooling_mode_mean_tokens: true }))).pooling).toBe('mean')
  expect((await read(last, 'mean')).pooling).toBe('mean')
  expect((await read({}, 'last')).pooling).toBe('last')
})

test('what is not done is refused by name', async () => {
  await expect(read({})).rejects.toThrow('m has no modules.json, so it does not say how it makes vectors of texts.')
  await expect(read({ 'modules.json': [...modules.slice(0, 2), dense] })).rejects.toThrow(
    'puts a Dense behind the transformer',
  )
  await expect(read(withPooling({ pooling_mode_cls_token: true }))).rejects.toThrow('asks for pooling_mode_cls_token')
  await expect(read(withPooling({}))).rejects.toThrow('asks for no pooling')
  const both = { pooling_mode_mean_tokens: true, pooling_mode_lasttoken: true }
  await expect(read(withPooling(both))).rejects.toThrow('asks for pooling_mode_mean_tokens and pooling_mode_lasttoken')
  await expect(read(withPooling({ pooling_mode_mean_tokens: true, include_prompt: false }))).rejects.toThrow(
    'leaves prompts out',
  )
})
