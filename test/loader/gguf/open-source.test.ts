import { expect, test } from 'vitest'
import { InvalidRequest } from '../../../src/core/errors'
import { openSource } from '../../../src/engine/open/open-source'

const named = (...names: string[]) => names.map(name => new File([], name))

test.each([
  ['/models/a/b.gguf', '/models/a/', 'b.gguf'],
  ['b.gguf', '.', 'b.gguf'],
  ['models/b.gguf', 'models/', 'b.gguf'],
  ['https://example.org/a%20b/c%20d.gguf?download=true', 'https://example.org/a%20b', 'c d.gguf'],
])('%s is a GGUF file in a folder', async (location, name, gguf) => {
  expect(await openSource(location)).toMatchObject({ name, gguf })
})

test.each(['https://example.org/a/', './models/a', './org/name-GGUF'])('%s is not a GGUF file', async location => {
  expect((await openSource(location)).gguf).toBeUndefined()
})

test('a list of files is a GGUF model if it holds one and no safetensors', async () => {
  expect((await openSource(named('a.gguf'))).gguf).toBe('a.gguf')
  expect((await openSource(named('readme.md', 'a-00002-of-00002.gguf', 'a-00001-of-00002.gguf'))).gguf).toBe(
    'a-00001-of-00002.gguf',
  )
  expect((await openSource(named('config.json', 'a.gguf'))).gguf).toBe('a.gguf')
  expect((await openSource(named('model.safetensors', 'a.gguf'))).gguf).toBeUndefined()
  expect((await openSource(named('model.safetensors'))).gguf).toBeUndefined()
  await expect(openSource(named('a.gguf', 'b.gguf'))).rejects.toThrow(InvalidRequest)
})

test('a name that a URL cannot hold is an invalid request', async () => {
  await expect(openSource('https://example.org/%E0%A4.gguf')).rejects.toThrow(InvalidRequest)
})
