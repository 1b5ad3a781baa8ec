import { afterEach, expect, test, vi } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import type { EngineOptions } from '../../src/engine/options'
import { crossing } from '../../src/worker/crossing'
import { tinyModel } from '../null-gpu/open'

afterEach(() => vi.unstubAllGlobals())

test.each([
  [{ gpu: {} }, /^Engine option gpu cannot go into a worker: the worker has a/],
  [{ device: {} }, /^Engine option device cannot go into a worker: a device belongs to its thread/],
  [{ hub: { token: () => 'hf' } }, /^Engine option hub cannot go into a worker/],
  [{ packing: { worker: () => undefined } }, /^Engine option packing\.worker cannot go into a worker/],
])('refuses by name what cannot cross: %o', (options, message) => {
  expect(() => crossing('org/name', options as EngineOptions)).toThrow(InvalidRequest)
  expect(() => crossing('org/name', options as EngineOptions)).toThrow(message)
})

test('a source of functions cannot cross, which says what can', () => {
  expect(() => crossing(tinyModel(), {})).toThrow(InvalidRequest)
  expect(() => crossing(tinyModel(), {})).toThrow('Give a Hugging Face id, a URL, a list of files or a folder.')
})

test('ids, addresses and files cross as they are, and options that are data', () => {
  const files = [new File(['{}'], 'config.json'), new File([], 'model.safetensors')]
  expect(crossing('org/name@main', {}).location).toBe('org/name@main')
  expect(crossing(new URL('https://example.org/model/'), {}).location).toBe('https://example.org/model/')
  expect(crossing(new Set(files), {}).location).toEqual(files)
  const { options } = crossing('org/name', {
    kv: 'f16',
    hub: { token: 'hf' },
    gpu: undefined,
    packing: { worker: false },
  })
  expect(options).toMatchObject({ kv: 'f16', hub: { token: 'hf' }, packing: { worker: false } })
  expect(structuredClone(options)).toEqual(options)
})

test('paths are those of the page, wherever the worker’s script is', () => {
  vi.stubGlobal('location', { href: 'https://example.org/app/page.html' })
  const base = 'https://example.org/app/'
  vi.stubGlobal(
    'Request',
    class {
      constructor(readonly relative: string | URL) {}
      get url() {
        return new URL(this.relative, base).href
      }
    },
  )
  expect(crossing('./models/tiny', {}).location).toBe('https://example.org/app/models/tiny')
  expect(crossing('/models/tiny.gguf', {}).location).toBe('https://example.org/models/tiny.gguf')
  expect(crossing('org/name', {}).location).toBe('org/name')
  const { options } = crossing('org/name', { packing: { workerUrl: 'packing.js' } })
  expect(options.packing?.workerUrl).toBe('https://example.org/app/packing.js')
})
