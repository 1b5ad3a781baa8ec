import { afterEach, describe, expect, test, vi } from 'vitest'
import { DownloadFailed } from '../../../src/core/errors'
import { RemoteFile } from '../../../src/loader/http/remote-file'
import type { RetryPolicy } from '../../../src/loader/http/retry'
import { httpSource } from '../../../src/loader/sources/http-source'
import { readText } from '../../../src/loader/sources/source'
import { sendRange, startServer, type TestServer } from '../../support/server'

const RETRY: RetryPolicy = { tries: 3, delayMs: 1, maxDelayMs: 5, stallMs: 1500 }
const BYTES = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)

let server: TestServer | undefined
afterEach(() => {
  server?.close()
  vi.unstubAllGlobals()
})

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** All bytes from `begin` on, asked for under the policy above. */
async function readFrom(begin: number, bytes?: number): Promise<Uint8Array> {
  return read(await new RemoteFile(new URL(`${server?.url}/a`), { retry: RETRY, bytes }).open(begin))
}

describe('a file at a plain URL that changes between its header and its weights', () => {
  const LONGER = new Uint8Array(BYTES.length + 8)

  test.each<[string, Record<string, string>, Record<string, string>, Uint8Array, string]>([
    ['ETag', { etag: '"1"' }, { etag: '"2"' }, BYTES, 'its ETag was "1" and is "2"'],
    [
      'date',
      { 'last-modified': 'Mon' },
      { 'last-modified': 'Tue' },
      BYTES,
      'it was last modified at Mon and is at Tue',
    ],
    ['length', { 'content-length': '1000' }, {}, LONGER, 'it had 1000 bytes and has 1008'],
  ])('is refused if its %s tells', async (_, before, after, changed, what) => {
    let numServed = 0
    server = await startServer((request, response) => {
      if (numServed++ === 0) sendRange(request, response, BYTES, before)
      else sendRange(request, response, changed, after)
    })
    const source = httpSource(`${server.url}/models/x`)
    await (await source.open('model.safetensors'))?.cancel()
    const weights = source.open('model.safetensors', undefined, 100)
    await expect(weights).rejects.toThrow(DownloadFailed)
    await expect(source.open('model.safetensors', undefined, 100).then(read)).resolves.toHaveLength(
      changed.length - 100,
    )
    await expect(weights).rejects.toThrow(
      `${server.url}/models/x/model.safetensors has changed while the model was loaded: ${what}. Load it again.`,
    )
  })

  test("is asked for past the browser's cache when it is loaded again", async () => {
    const modes: (string | undefined)[] = []
    const etags = ['"1"', '"2"', '"2"', '"2"']
    vi.stubGlobal('fetch', async (_: URL, init: RequestInit) => {
      modes.push(init.cache)
      return new Response(BYTES, { headers: { etag: etags[modes.length - 1] } })
    })
    const source = httpSource('https://example.org/m')
    await source.open('a')
    await expect(source.open('a')).rejects.toThrow('its ETag was "1" and is "2"')
    await source.open('a')
    await source.open('a')
    expect(modes).toEqual([undefined, undefined, 'reload', undefined])
  })

  test('is refused if there is less of it than where the weights began', async () => {
    let numServed = 0
    server = await startServer((request, response) => {
      if (numServed++ === 0) sendRange(request, response, BYTES, { 'content-length': '1000' })
      else response.writeHead(416, { 'content-range': 'bytes */50' }).end()
    })
    const source = httpSource(server.url)
    await (await source.open('a'))?.cancel()
    await expect(source.open('a', undefined, 100)).rejects.toThrow('it had 1000 bytes and has 50')
  })

  test('is not taken for another where only one answer is compressed', async () => {
    server = await startServer((request, response) => {
      if (request.headers.range) return sendRange(request, response, BYTES, { etag: '"1"' })
      // of gzip's bytes only the length matters here
      sendRange(request, response, BYTES, { etag: 'W/"1"', 'content-length': '1000', 'content-encoding': 'identity' })
    })
    const source = httpSource(server.url)
    await (await source.open('a'))?.cancel()
    expect(await read(await source.open('a', undefined, 990))).toEqual(BYTES.subarray(990))
  })
})

describe('a 206 from another byte than the one asked for', () => {
  const LIES = ['bytes 0-999/1000', 'bytes 0-999/*', 'bytes 101-999/1000']

  test.each(LIES)('is not taken: %s', async range => {
    server = await startServer((_, response) => {
      response.writeHead(206, { 'content-range': range })
      response.end(BYTES.subarray(range.includes('101') ? 101 : 0))
    })
    const failure = readFrom(100)
    await expect(failure).rejects.toThrow(DownloadFailed)
    await expect(failure).rejects.toThrow(/\/a answered from byte (0|101) on, not from byte 100 \(tried 3 times\)\.$/)
  })

  test('is asked for again', async () => {
    let numServed = 0
    server = await startServer((request, response) => {
      if (numServed++ > 0) return sendRange(request, response, BYTES)
      response.writeHead(206, { 'content-range': 'bytes 0-999/1000' }).end(BYTES)
    })
    expect(await readFrom(100)).toEqual(BYTES.subarray(100))
  })
})

test('every byte that arrives starts the count of failures anew', async () => {
  // one byte for each connection, and no more of them in a row than are endured
  server = await startServer((request, response) => {
    const begin = Number(/\d+/.exec(request.headers.range ?? '')?.[0])
    const isAnswered = (server?.requests.length ?? 0) % RETRY.tries !== 0
    if (!isAnswered) return void response.destroy()
    response.writeHead(206, { 'content-range': `bytes ${begin}-19/20`, 'content-length': String(20 - begin) })
    response.write(BYTES.subarray(begin, begin + 1), () => setTimeout(() => response.destroy(), 5))
  })
  expect(await readFrom(0, 20)).toEqual(BYTES.subarray(0, 20))
  expect(server.requests.length).toBeGreaterThan(20)
})

test('an answer that ends before the length that the server tells goes on where it broke off', async () => {
  server = await startServer((request, response) => {
    const begin = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
    const end = Math.min(BYTES.length, begin + 600)
    response.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${BYTES.length}` })
    response.end(BYTES.subarray(begin, end))
  })
  expect(await readFrom(1)).toEqual(BYTES.subarray(1))
})

describe('where the platform has lost the signal of a request', () => {
  /** Gives 100 bytes and nothing more, whatever is aborted. */
  function stubFetch(): void {
    vi.stubGlobal('fetch', async () => {
      return new Response(new ReadableStream({ start: controller => controller.enqueue(BYTES.slice(0, 100)) }))
    })
  }

  test('aborting ends a read all the same, under way or about to begin', async () => {
    for (const isUnderWay of [true, false]) {
      stubFetch()
      const abort = new AbortController()
      const chunks = new RemoteFile(new URL('https://example.org/a'), { retry: RETRY }).read(0, 1000, abort.signal)
      expect((await chunks.next()).value).toHaveLength(100)
      const next = isUnderWay ? chunks.next() : undefined
      abort.abort(new Error('enough'))
      await expect(next ?? chunks.next()).rejects.toThrow('enough')
    }
  })

  test('silence ends it', async () => {
    stubFetch()
    const retry = { ...RETRY, tries: 1, stallMs: 20 }
    const chunks = new RemoteFile(new URL('https://example.org/a'), { retry }).read(0, 1000)
    await chunks.next()
    await expect(chunks.next()).rejects.toThrow('/a sent nothing for 0.02 s.')
  })
})

test('a redirect that leads to itself is a failed download', async () => {
  server = await startServer((_, response) => response.writeHead(302, { location: '/a' }).end())
  await expect(readFrom(0)).rejects.toThrow(DownloadFailed)
  server.requests.length = 0
  await expect(httpSource(server.url, { headers: { 'x-key': 'k' } }).open('a')).rejects.toThrow(
    '/a is redirected more than 20 times.',
  )
  expect(server.requests.length).toBe(21)
})

test('a text without end is refused where the largest ends', async () => {
  server = await startServer((_, response) => {
    const write = () => response.destroyed || response.write(Buffer.alloc(2 ** 20, 32), write)
    write()
  })
  await expect(readText(httpSource(server.url), 'config.json', undefined, 2 ** 24)).rejects.toThrow(
    '/config.json is larger than 16777216 bytes, the most for such a file.',
  )
})

describe('headers of the caller', () => {
  const SECRETS = { 'x-api-key': 'k', cookie: 'c=1', authorization: 'Bearer t' }
  const seen = () => server?.requests.map(({ headers }) => [headers['x-api-key'], headers.authorization])

  test('go along where a server redirects to itself', async () => {
    server = await startServer((request, response) => {
      if (request.url === '/a') response.writeHead(307, { location: '/b' }).end()
      else response.end('b')
    })
    expect(await readText(httpSource(server.url, { headers: SECRETS }), 'a')).toBe('b')
    expect(seen()).toEqual([
      ['k', 'Bearer t'],
      ['k', 'Bearer t'],
    ])
  })

  test('do not follow a redirect to another origin, nor come back from there', async () => {
    server = await startServer((request, response) => {
      const { port } = new URL(server?.url ?? '')
      if (request.url === '/a') response.writeHead(302, { location: `http://localhost:${port}/b` }).end()
      else if (request.url === '/b') response.writeHead(302, { location: `http://127.0.0.1:${port}/c` }).end()
      else response.end('c')
    })
    expect(await readText(httpSource(server.url, { headers: SECRETS }), 'a')).toBe('c')
    expect(seen()).toEqual([
      ['k', 'Bearer t'],
      [undefined, undefined],
      [undefined, undefined],
    ])
    expect(server.requests.map(({ headers }) => headers.cookie)).toEqual(['c=1', undefined, undefined])
  })

  test('follow no redirect in a page, which is not told where it leads', async () => {
    const asked: [redirect: string | undefined, key: string | null][] = []
    const answers = [{ type: 'opaqueredirect' }, new Response('b')]
    vi.stubGlobal('fetch', async (_: URL, init: RequestInit) => {
      asked.push([init.redirect, new Headers(init.headers).get('x-api-key')])
      return answers.shift()
    })
    expect(await readText(httpSource('https://example.org', { headers: SECRETS }), 'a')).toBe('b')
    expect(asked).toEqual([
      ['manual', 'k'],
      [undefined, null],
    ])
  })
})

describe('an address with user and password', () => {
  const withUser = (rest: string) => `${server?.url.replace('//', '//us%40er:p%C3%A4ss@')}${rest}`

  test('sends them as a header', async () => {
    server = await startServer((request, response) => response.end(request.headers.authorization))
    const source = httpSource(withUser('/m'))
    expect(await readText(source, 'a')).toBe(`Basic ${Buffer.from('us@er:päss').toString('base64')}`)
    expect(source.name).toBe(`${server.url}/m`)
    const own = httpSource(withUser('/m'), { headers: { authorization: 'Bearer t' } })
    expect(await readText(own, 'a')).toBe('Bearer t')
  })

  test.each([
    'https://user:secret@',
    'https://user:se?secret@host:x/',
    'user:secret@host/m',
    'https://u:p@ho st/?secret',
  ])('%s shows no secret in the error that it is no URL', address => {
    let failure: unknown
    try {
      httpSource(address)
    } catch (error) {
      failure = error
    }
    expect(everyTextOf(failure)).toMatch(/ is not a URL\.|none of a folder/)
    expect(everyTextOf(failure)).not.toContain('secret')
  })

  test.each([401, 404, 418, 500])(
    'shows neither them nor its query in any text of the error for HTTP %d',
    async status => {
      server = await startServer((_, response) => response.writeHead(status).end())
      const { port } = new URL(server.url)
      const init = { retry: RETRY }
      const url = new URL(`http://127.0.0.1:${port}/m?token=secret`)
      const failure = await new RemoteFile(url, init).open(0).catch(error => error)
      expect(failure).toBeInstanceOf(DownloadFailed)
      expect(everyTextOf(failure)).not.toContain('secret')
    },
  )

  test('shows nothing where the platform quotes the address, as Deno and Bun do', async () => {
    const quoting = Object.assign(
      new TypeError('error sending request for url (https://u:secret@example.org/m/a?token=secret)', {
        cause: new Error('connect https://example.org/m/a?token=secret: refused'),
      }),
      { path: 'https://example.org/m/a?token=secret' },
    )
    vi.stubGlobal('fetch', () => Promise.reject(quoting))
    const url = new URL('https://example.org/m/a?token=secret')
    const failure = await new RemoteFile(url, { retry: { ...RETRY, tries: 1 } }).open(0).catch(error => error)
    expect(failure).toBeInstanceOf(DownloadFailed)
    expect(String(failure.cause)).toBe('TypeError: error sending request for url (https://example.org/m/a)')
    expect(everyTextOf(failure)).not.toContain('secret')
  })
})

/** What an error says of itself and its causes. */
function everyTextOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = Object.getOwnPropertyNames(error).filter(name => name !== 'cause')
  const texts = own.map(name => String(error[name as keyof Error]))
  return [error.name, ...texts, error.cause === undefined ? '' : everyTextOf(error.cause)].join('\n')
}

describe.each(['chrome-extension://abc/models/x', 'capacitor://localhost/x', 'app://bundle/x', 'file:///x'])(
  'files of an app or extension at %s',
  address => {
    /** As Chrome does it for extensions: a range is answered with the remainder and status 200. */
    function serve(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Headers[] {
      const asked: Headers[] = []
      vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
        const headers = new Headers(init.headers)
        asked.push(headers)
        const bytes = files[url.href.slice(address.length + 1)]
        if (!bytes) throw new TypeError('Failed to fetch')
        return new Response(bytes.subarray(Number(/\d+/.exec(headers.get('range') ?? '0')?.[0])))
      })
      return asked
    }

    test('are read whole, without ranges', async () => {
      const asked = serve({ a: BYTES })
      expect(await read(await httpSource(address).open('a', undefined, 300))).toEqual(BYTES.subarray(300))
      expect(asked.map(headers => headers.has('range'))).toEqual([false])
    })

    test('may be absent, which one request tells', async () => {
      const asked = serve({})
      expect(await httpSource(address).open('a')).toBeUndefined()
      expect(asked.length).toBe(1)
    })

    test('have a source that is called by the address', () => {
      expect(httpSource(address).name).toBe(address)
    })
  },
)
