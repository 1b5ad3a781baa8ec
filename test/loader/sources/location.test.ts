import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DownloadFailed, InvalidRequest } from '../../../src/core/errors'
import { type ModelLocation, openSource } from '../../../src/engine/open/open-source'
import { readText } from '../../../src/loader/sources/source'
import { startServer, type TestServer } from '../../support/server'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-'))
  await mkdir(join(folder, 'models/a b'), { recursive: true })
  await writeFile(join(folder, 'models/a b/config.json'), '{}')
  await writeFile(join(folder, 'models/a b/x.gguf'), 'GGUF')
  await mkdir(join(folder, 'models/sprout'))
  await writeFile(join(folder, 'models/sprout/config.json'), '{}')
})
afterAll(() => rm(folder, { recursive: true }))

let server: TestServer | undefined
afterEach(() => {
  server?.close()
  vi.unstubAllGlobals()
})

describe('what is no location is an invalid request that says what it is:', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['5', 5],
    ['an empty text', ''],
    ['an empty text', ' '],
    ['an object of class Object', {}],
    ['an object of class Promise', Promise.resolve('org/name')],
    ['a function', () => 'org/name'],
  ])('%s', async (what, location) => {
    const failure = openSource(location as ModelLocation)
    await expect(failure).rejects.toThrow(InvalidRequest)
    await expect(failure).rejects.toThrow(`The model's location is ${what}, but must be a URL, `)
  })

  test.each<[string, unknown[]]>([
    ['is empty', []],
    ['holds a.gguf, no File', ['a.gguf']],
    ['holds an object of class Blob, no File', [new Blob()]],
  ])('a list that %s', async (what, location) => {
    const failure = openSource(location as File[])
    await expect(failure).rejects.toThrow(InvalidRequest)
    await expect(failure).rejects.toThrow(`The list of the model's files ${what}.`)
  })

  test.each(['blob:https://example.org/1-2', 'data:application/json,{}'])('%s is no folder', async location => {
    await expect(openSource(location)).rejects.toThrow(InvalidRequest)
  })
})

describe('a URL is a location', () => {
  test.each([
    ['https://example.org/m/x?token=t', 'https://example.org/m/x', undefined],
    ['https://example.org/m/x.gguf?token=t', 'https://example.org/m', 'x.gguf'],
    ['https://user:password@example.org/m/x.gguf', 'https://example.org/m', 'x.gguf'],
    ['chrome-extension://abc/m/x', 'chrome-extension://abc/m/x', undefined],
    ['app://bundle/x.gguf', 'app://bundle', 'x.gguf'],
  ])('%s, as an object and as text', async (location, name, gguf) => {
    for (const each of [location, new URL(location)]) {
      const source = await openSource(each)
      expect([source.name, source.gguf]).toEqual([name, gguf])
    }
  })

  test('of a folder or file on disk too', async () => {
    const url = pathToFileURL(join(folder, 'models/a b'))
    expect(await readText(await openSource(url), 'config.json')).toBe('{}')
    const source = await openSource(`${url}/x.gguf`)
    expect(source.gguf).toBe('x.gguf')
    expect(await readText(source, 'x.gguf')).toBe('GGUF')
  })
})

describe('an id that may be meant as a folder', () => {
  const failureOf = async (location: string) => {
    server = await startServer((_, response) => response.writeHead(401).end())
    const hub = { host: server.url }
    return String(await openSource(location, { hub, cache: false }).catch(error => error))
  }

  test('is told how that is written, if there is such a folder', async () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      expect(await failureOf('models/sprout')).toMatch(
        /There is such a folder here\. If it is meant, write \.\/models\/sprout\.$/,
      )
      expect(await failureOf('models/absent')).not.toContain('./')
    } finally {
      process.chdir(before)
    }
  })

  test('is told how that is written in a page', async () => {
    vi.stubGlobal('location', { href: 'https://example.org/app/' })
    const failure = await failureOf('models/sprout')
    expect(failure).toMatch(
      /^DownloadFailed: GET .+ HTTP 401: .+ If a folder beside this page is meant, write \.\/models\/sprout\.$/,
    )
    expect(await failureOf('models/sprout@main')).not.toContain('./')
    expect(await failureOf('models/sprout:Q4_0')).not.toContain('./')
  })

  test('keeps the status of its error', async () => {
    vi.stubGlobal('location', { href: 'https://example.org/app/' })
    server = await startServer((_, response) => response.writeHead(404).end())
    const failure = await openSource('models/sprout', { hub: { host: server.url } }).catch(error => error)
    expect(failure).toBeInstanceOf(DownloadFailed)
    expect(failure).toMatchObject({ status: 404 })
  })
})
