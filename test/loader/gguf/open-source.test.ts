import { expect, test } from 'vitest'
import { InvalidRequest } from '../../../src/core/errors'
import { openSource } from '../../../src/engine/open-source'

const named = (...names: string[]) => names.map(name => new File([], name))

test.each([
  ['/models/a/b.gguf', '/models/a/', 'b.gguf'],
  ['b.gguf', '.', 'b.gguf'],
  ['models/b.gguf', 'models/', 'b.gguf'],
  ['https://example.org/a%20b/c%20d.gguf?download=true', 'https://example.org/a%20b', 'c d.gguf'],
])('%s is a GGUF file in a folder', (location, name, gguf) => {
  expect(openSource(location)).toMatchObject({ name, gguf })
})

test.each(['https://example.org/a/', 'org/name', './models/a', 'org/name-GGUF'])('%s is not a GGUF file', location => {
  expect(openSource(location).gguf).toBeUndefined()
})

test('a list of files is a GGUF model if it holds one and no safetensors', () => {
  expect(openSource(named('a.gguf')).gguf).toBe('a.gguf')
  expect(openSource(named('readme.md', 'a-00002-of-00002.gguf', 'a-00001-of-00002.gguf')).gguf).toBe(
    'a-00001-of-00002.gguf',
  )
  expect(openSource(named('config.json', 'a.gguf')).gguf).toBe('a.gguf')
  expect(openSource(named('model.safetensors', 'a.gguf')).gguf).toBeUndefined()
  expect(openSource(named('model.safetensors')).gguf).toBeUndefined()
  expect(() => openSource(named('a.gguf', 'b.gguf'))).toThrow(InvalidRequest)
})

test('a name that a URL cannot hold is an invalid request', () => {
  expect(() => openSource('https://example.org/%E0%A4.gguf')).toThrow(InvalidRequest)
})
