import { appendFile, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CorruptCheckpoint, DownloadFailed, InvalidRequest } from '../../../src/core/errors'
import { readModelFiles } from '../../../src/loader/model-files'
import { directorySource } from '../../../src/loader/sources/directory-source'
import { fileListSource } from '../../../src/loader/sources/file-list-source'
import { folderSource } from '../../../src/loader/sources/folder-source'
import { httpSource } from '../../../src/loader/sources/http-source'
import { type ModelSource, readJson, readText } from '../../../src/loader/sources/source'
import { startServer } from '../../support/server'
import { memorySource } from '../memory-source'

/** Larger than a chunk of any source, with a multi-byte character on every boundary that matters. */
const LONG = '木🌱x'.repeat(300_000)
const FILES: Record<string, string> = {
  'config.json': '{"a":1}',
  'long.txt': LONG,
  'empty.txt': '',
  'bad.json': '{',
  'list.json': '[]',
}

let server: Server
let folder: string
/** What the server does with paths under /odd. */
const ODD: Record<string, () => [status: number, type: string]> = {
  '/odd/gated.json': () => [401, 'text/plain'],
  '/odd/gated.json?token=secret': () => [401, 'text/plain'],
  '/odd/broken.json': () => [500, 'text/plain'],
  '/odd/page.json': () => [200, 'text/html; charset=utf-8'],
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-'))
  for (const [file, text] of Object.entries(FILES)) await writeFile(join(folder, file), text)
  server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/query/')) return void response.end(JSON.stringify({ url: path }))
    const [status, type] = ODD[path]?.() ?? [FILES[path.split('/')[2]] === undefined ? 404 : 200, 'text/plain']
    const text = FILES[new URL(path, 'http://host').pathname.split('/')[2]]
    const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (begin > 0 && path.startsWith('/model/')) {
      const bytes = Buffer.from(text)
      response.writeHead(begin < bytes.length ? 206 : 416, { 'content-type': type })
      return void response.end(bytes.subarray(begin))
    }
    response.writeHead(status, { 'content-type': type })
    if (path.endsWith('stall.txt')) response.write('first')
    else response.end(text)
  })
  FILES['stall.txt'] = ''
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const files = () => Object.entries(FILES).map(([name, text]) => new File([text], name, { lastModified: 0 }))

/** As much of a `FileSystemDirectoryHandle` as there is need for. */
function fakeDirectory(): FileSystemDirectoryHandle {
  const getFileHandle = async (name: string) => {
    const file = files().find(candidate => candidate.name === name)
    if (!file) throw new DOMException('no such file', 'NotFoundError')
    return { getFile: async () => file }
  }
  return { name: 'fake', getFileHandle } as unknown as FileSystemDirectoryHandle
}

const sources: [string, () => ModelSource][] = [
  ['httpSource', () => httpSource(`${origin()}/model`)],
  ['httpSource without ranges', () => httpSource(`${origin()}/whole`)],
  ['folderSource', () => folderSource(folder)],
  ['fileListSource', () => fileListSource(files())],
  ['directorySource', () => directorySource(fakeDirectory())],
]

describe.each(sources)('%s', (_, makeSource) => {
  test('gives the bytes of a file', async () => {
    expect(await readText(makeSource(), 'long.txt')).toBe(LONG)
    expect(await readText(makeSource(), 'empty.txt')).toBe('')
    expect(await readJson(makeSource(), 'config.json')).toEqual({ a: 1 })
  })

  test('gives the bytes from an offset on', async () => {
    const tail = async (begin: number) => {
      const stream = await makeSource().open('long.txt', undefined, begin)
      return stream && Buffer.from(await new Response(stream).arrayBuffer())
    }
    const bytes = Buffer.from(LONG)
    for (const begin of [1, 2 ** 20 + 3, bytes.length - 1, bytes.length, bytes.length + 1]) {
      expect((await tail(begin))?.equals(bytes.subarray(begin))).toBe(true)
    }
  })

  test('a file can be read any number of times', async () => {
    const source = makeSource()
    expect(await Promise.all([readJson(source, 'config.json'), readJson(source, 'config.json')])).toEqual([
      { a: 1 },
      { a: 1 },
    ])
  })

  test('an absent file is undefined', async () => {
    expect(await makeSource().open('absent.json')).toBeUndefined()
  })

  test('what is no JSON object is corrupt, with the file', async () => {
    await expect(readJson(makeSource(), 'bad.json')).rejects.toThrow(CorruptCheckpoint)
    await expect(readJson(makeSource(), 'bad.json')).rejects.toThrow('bad.json is not valid JSON (1 characters)')
    await expect(readJson(makeSource(), 'list.json')).rejects.toThrow(
      'list.json must hold a JSON object, but holds [].',
    )
  })

  test('an aborted signal rejects with its reason', async () => {
    const reason = new Error('enough')
    await expect(makeSource().open('config.json', AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('a stream can be dropped half-way', async () => {
    const reader = (await makeSource().open('long.txt'))?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
    await reader?.cancel()
  })
})

describe('httpSource', () => {
  test('a refusal is a failed download with URL, status and what to do', async () => {
    const source = httpSource(`${origin()}/odd/`)
    await expect(source.open('gated.json')).rejects.toThrow(DownloadFailed)
    await expect(source.open('gated.json')).rejects.toThrow(
      `GET ${origin()}/odd/gated.json answered HTTP 401: the model needs an access token, as a header given to httpSource.`,
    )
    await expect(source.open('broken.json')).rejects.toThrow('answered HTTP 500 (tried 5 times).')
  })

  test("an address keeps its query, which does not show in the source's name", async () => {
    const source = httpSource(`${origin()}/query?token=a%20b&x=1`)
    expect(await readJson(source, 'echo.json')).toEqual({ url: '/query/echo.json?token=a%20b&x=1' })
    expect(source.name).toBe(`${origin()}/query`)
  })

  test('errors do not show the query, which may be a key', async () => {
    const failure = await httpSource(`${origin()}/odd?token=secret`).open('gated.json').catch(String)
    expect(failure).toContain(`GET ${origin()}/odd/gated.json answered HTTP 401`)
    expect(failure).not.toContain('secret')
  })

  test('a relative address outside a page is an invalid request', () => {
    expect(() => httpSource('models/x')).toThrow(InvalidRequest)
    expect(() => httpSource('models/x')).toThrow('models/x is not a URL.')
  })

  test("a development server's page in place of a file counts as absent", async () => {
    expect(await httpSource(`${origin()}/odd`).open('page.json')).toBeUndefined()
  })

  test('an unreachable server is a failed download with its cause', async () => {
    const promise = httpSource('http://127.0.0.1:1').open('config.json')
    await expect(promise).rejects.toThrow(expect.objectContaining({ name: 'DownloadFailed', cause: expect.anything() }))
  })

  test('aborting ends a body that stalls', async () => {
    const controller = new AbortController()
    const promise = readText(httpSource(`${origin()}/model`), 'stall.txt', controller.signal)
    setTimeout(() => controller.abort(), 50)
    await expect(promise).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })
})

describe('fileListSource', () => {
  const inFolder = (path: string) => {
    const file = new File([path], path.split('/').at(-1) ?? '')
    return Object.defineProperty(file, 'webkitRelativePath', { value: path })
  }

  test('of a dropped folder, files in subfolders do not count', async () => {
    const source = fileListSource([
      inFolder('smol/onnx/config.json'),
      inFolder('smol/config.json'),
      inFolder('smol/onnx/x.json'),
    ])
    expect(await readText(source, 'config.json')).toBe('smol/config.json')
    expect(await source.open('x.json')).toBeUndefined()
  })

  test('two files of one name are refused', () => {
    expect(() => fileListSource([inFolder('a/config.json'), inFolder('b/config.json')])).toThrow(InvalidRequest)
  })
})

test('a folder that cannot be read is a failed download', async () => {
  await expect(folderSource(join(folder, 'config.json')).open('x.json')).rejects.toThrow(DownloadFailed)
})

describe('a local file that changes after it was opened first', () => {
  const drain = async (stream: ReadableStream | undefined) => new Response(stream).arrayBuffer()

  test('is refused when it is opened again', async () => {
    const path = join(folder, 'changing.txt')
    await writeFile(path, 'a'.repeat(100))
    const source = folderSource(folder)
    await (await source.open('changing.txt'))?.cancel()
    await utimes(path, 1, 1)
    const failure = source.open('changing.txt', undefined, 50)
    await expect(failure).rejects.toThrow(DownloadFailed)
    await expect(failure).rejects.toThrow(
      /changing\.txt has changed while the model was loaded: it was last modified at .+ and is at 1970-01-01T00:00:01/,
    )
    await drain(await source.open('changing.txt'))
  })

  test('is refused when it has been read to its end', async () => {
    const path = join(folder, 'growing.txt')
    await writeFile(path, 'a')
    const stream = await folderSource(folder).open('growing.txt')
    await appendFile(path, 'b')
    await expect(drain(stream)).rejects.toThrow(
      /growing\.txt has changed while the model was loaded: it had 1 bytes and has 2/,
    )
  })

  test('is refused in a folder that was picked', async () => {
    let lastModified = 1
    const handle = { getFile: async () => new File(['text'], 'a', { lastModified: lastModified++ }) }
    const directory = { name: 'picked', getFileHandle: async () => handle } as unknown as FileSystemDirectoryHandle
    const source = directorySource(directory)
    await drain(await source.open('a'))
    await expect(source.open('a', undefined, 2)).rejects.toThrow('a has changed while the model was loaded')
  })

  test('is called changed where the platform says that it can be read no more', async () => {
    const stream = new ReadableStream({ pull: () => Promise.reject(new DOMException('gone', 'NotReadableError')) })
    const failure = readText({ name: 'list', open: async () => stream }, 'config.json')
    await expect(failure).rejects.toThrow(DownloadFailed)
    await expect(failure).rejects.toThrow('list/config.json was changed or moved on disk after it was opened.')
  })
})

test('a folder that is named where there are no folders, in a page, is an invalid request', async () => {
  vi.stubGlobal('process', undefined)
  await expect(folderSource('models').open('config.json')).rejects.toThrow(InvalidRequest)
  vi.unstubAllGlobals()
})

test('text that is not UTF-8 is corrupt', async () => {
  await expect(readText(memorySource({ x: Uint8Array.of(65, 0xff) }), 'x')).rejects.toThrow(
    'memory/x is not valid UTF-8',
  )
})

test('the small files of a model: two must be there, five may', async () => {
  const needed = { 'config.json': '{"c":1}', 'tokenizer.json': '{"t":1}' }
  expect(await readModelFiles(memorySource(needed))).toEqual({ config: { c: 1 }, tokenizer: { t: 1 } })
  const all = {
    ...needed,
    'generation_config.json': '{}',
    'tokenizer_config.json': '{}',
    'chat_template.jinja': 'hi',
    'special_tokens_map.json': '{"bos_token":"<s>"}',
    'added_tokens.json': '{"<a>":1}',
  }
  expect(await readModelFiles(memorySource(all))).toMatchObject({
    generationConfig: {},
    tokenizerConfig: { bos_token: '<s>', added_tokens_decoder: { 1: { content: '<a>' } } },
    chatTemplate: 'hi',
  })
  await expect(readModelFiles(memorySource({ 'config.json': '{}' }))).rejects.toThrow(
    'memory has no file tokenizer.json.',
  )
  await expect(readModelFiles(memorySource({}))).rejects.toThrow(DownloadFailed)
})

describe('where there is no list of files, those that may be absent are asked for with cause only:', () => {
  const OPTIONAL = ['chat_template.jinja', 'special_tokens_map.json', 'added_tokens.json']

  const described = { added_tokens_decoder: {} }
  test.each<[string, object | undefined, string[]]>([
    ['none if the others say it all', { ...described, chat_template: 't', bos_token: null, eos_token: '</s>' }, []],
    ['a template', { ...described, bos_token: 'b', eos_token: 'e' }, ['chat_template.jinja']],
    ['roles of tokens', { ...described, chat_template: 't', bos_token: 'b' }, ['special_tokens_map.json']],
    [
      'what older files have of their own',
      { chat_template: 't', bos_token: 'b', eos_token: 'e' },
      ['special_tokens_map.json', 'added_tokens.json'],
    ],
    ['all, without tokenizer_config.json', undefined, OPTIONAL],
  ])('%s', async (_, tokenizerConfig, expected) => {
    const files = {
      'config.json': '{}',
      'tokenizer.json': '{}',
      ...(tokenizerConfig && { 'tokenizer_config.json': JSON.stringify(tokenizerConfig) }),
    }
    const source = { ...memorySource(files), isUnlisted: true }
    await readModelFiles(source)
    expect(source.opened.filter(file => OPTIONAL.includes(file)).sort()).toEqual([...expected].sort())
  })

  test('a small file is read to 16 MiB', async () => {
    const files = { 'config.json': ' '.repeat(2 ** 24 + 1), 'tokenizer.json': '{}' }
    await expect(readModelFiles(memorySource(files, 2 ** 20))).rejects.toThrow(
      'memory/config.json is larger than 16777216 bytes, the most for such a file.',
    )
  })
})

test('the embedded model is loaded without asking for a file that is not there', async () => {
  const statuses: number[] = []
  const server = await startServer(async (request, response) => {
    const bytes = await readFile(`public/models/sprout${request.url}`).catch(() => undefined)
    statuses.push(bytes ? 200 : 404)
    response.writeHead(bytes ? 200 : 404).end(bytes)
  })
  const { chatTemplate, tokenizerConfig } = await readModelFiles(httpSource(server.url))
  server.close()
  expect(tokenizerConfig?.chat_template).toBeDefined()
  expect(chatTemplate).toBeUndefined()
  expect(statuses).toEqual([200, 200, 200, 200])
})
