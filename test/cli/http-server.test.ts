import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Answer, type HttpOptions, type HttpServer, serveHttp } from '../../src/cli/http-server'
import { Deferred } from '../../src/core/deferred'
import { openai } from '../../src/openai'
import { openEngine } from '../null-gpu/open'

let server: HttpServer | undefined
afterEach(() => server?.close(0))

async function start(answer: Answer, options: Partial<HttpOptions> = {}): Promise<string> {
  server = await serveHttp(answer, { port: 0, ...options })
  return server.url
}

const json = { 'content-type': 'application/json' }
const post = (url: string, body: string, headers: object = json) =>
  fetch(url, { method: 'POST', body, headers: { ...headers } })

describe('the server', () => {
  it('hands on method, path and body, and gives back status, headers and body', async () => {
    const url = await start(async request => {
      const seen = [request.method, new URL(request.url).pathname, await request.text()].join(' ')
      return new Response(seen, { status: 418, headers: { 'x-own': 'a' } })
    })
    const response = await post(`${url}/v1/a`, '{}')
    expect([response.status, response.headers.get('x-own'), await response.text()]).toEqual([418, 'a', 'POST /v1/a {}'])
    expect(await (await fetch(`${url}/b`)).text()).toBe('GET /b ')
  })

  it('gives a stream’s pieces as they come', async () => {
    const asked = new Deferred<void>()
    const url = await start(async () => {
      let numPulled = 0
      const pull = async (stream: ReadableStreamDefaultController<Uint8Array>) => {
        if (numPulled++ > 0) await asked.promise
        stream.enqueue(new TextEncoder().encode(`piece ${numPulled}`))
        if (numPulled === 2) stream.close()
      }
      return new Response(new ReadableStream({ pull }))
    })
    const reader = (await fetch(url)).body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toBe('piece 1')
    asked.resolve()
    expect((await reader?.read())?.value).toBe('piece 2')
  })

  it('asks for its key, if it has one', async () => {
    const url = await start(async () => new Response('in'), { apiKey: 'secret' })
    for (const authorization of ['', 'Bearer ', 'Bearer wrong!', 'Bearer secret2', 'secret']) {
      const response = await fetch(url, { headers: { authorization } })
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } })
    }
    expect(await (await fetch(url, { headers: { authorization: 'Bearer secret' } })).text()).toBe('in')
  })

  it('refuses a body that is too large, however much is still to come, and one that is no JSON', async () => {
    const url = await start(async () => new Response('in'), { maxBodyBytes: 10 })
    const large = await post(url, '12345678901')
    expect([large.status, await large.json()]).toMatchObject([413, { error: { code: 'request_too_large' } }])
    expect((await post(url, '1234567890')).status).toBe(200)
    expect((await post(url, 'a=b', { 'content-type': 'text/plain' })).status).toBe(415)
  })

  // a page may have its own domain lead to this machine; what it sends then is, to the browser, sent to itself
  it('is not there under another’s name', async () => {
    const url = new URL(await start(async () => new Response('in')))
    for (const [host, status] of [
      ['localhost', 200],
      [`127.0.0.1:${url.port}`, 200],
      [`evil.example:${url.port}`, 403],
    ] as const) {
      const [response] = await once(httpRequest(url, { headers: { host } }).end(), 'response')
      response.resume()
      expect(response.statusCode).toBe(status)
    }
  })

  it('gives pages of elsewhere no leave to read', async () => {
    const engine = await openEngine()
    const url = await start(openai(engine).fetch)
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const response = await fetch(`${url}/v1/completions`, { method: 'OPTIONS', headers })
    expect(response.status).toBe(405)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    engine.dispose()
  })

  it('says that a port is taken', async () => {
    const port = Number(new URL(await start(async () => new Response())).port)
    await expect(serveHttp(async () => new Response(), { port })).rejects.toThrow(`Port ${port} is taken.`)
  })

  it.each(['whole', 'stream'])('stops what it computes for a client that is gone: %s', async kind => {
    // no step ends before the client is gone
    const gone = new Deferred<void>()
    const engine = await openEngine(undefined, { blocks: 64 }, { mapAsync: () => gone.promise })
    const url = await start(openai(engine).fetch)
    const body = JSON.stringify({ prompt: 'a', max_tokens: 500, ignore_eos: true, stream: kind === 'stream' })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const head = `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    socket.write(`${head}\r\n\r\n${body}`)
    const count = async () => {
      const { running, waiting } = await engine.stats()
      return running + waiting
    }
    while ((await count()) === 0) await new Promise(setImmediate)
    socket.destroy()
    while ((await count()) > 0) await new Promise(setImmediate)
    gone.resolve()
    expect((await engine.stats()).computedTokens).toBeLessThan(500)
    engine.dispose()
  })

  it('lets requests under way end when it closes, and cuts them off after their grace', async () => {
    const answering = new Deferred<Response>()
    const asked = new Deferred<void>()
    const url = await start(() => {
      asked.resolve()
      return answering.promise
    })
    const first = fetch(url).then(response => response.text())
    await asked.promise
    const closed = server?.close(60_000)
    await expect(fetch(url)).rejects.toThrow()
    answering.resolve(new Response('last'))
    expect(await first).toBe('last')
    await closed

    const never = await start(() => new Promise(() => undefined))
    const cut = fetch(never)
    cut.catch(() => undefined)
    await server?.close(10)
    await expect(cut).rejects.toThrow()
  })
})
