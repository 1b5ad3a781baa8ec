/** Jobs at a server of OpenAI's API: at our own, and at one that misbehaves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type BatchResponse, runJob } from '../../src/batch'
import type { Answer } from '../../src/cli/answer-file'
import { type HttpServer, serveHttp } from '../../src/cli/http-server'
import type { RemoteServer } from '../../src/cli/job-options'
import type { JobInput } from '../../src/cli/job-runtime'
import { runAt } from '../../src/cli/remote-runtime'
import { retryAfterMs } from '../../src/cli/remote-server'
import type { Engine } from '../../src/index'
import { openai } from '../../src/openai'
import { openEngine } from '../null-gpu/open'

const folder = mkdtempSync(join(tmpdir(), 'coppice-remote-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs these lines at a server; the answers in the order of the lines. */
async function run(lines: readonly object[], server: Partial<RemoteServer>, more: RunOptions = {}) {
  const { answered = new Set<string>(), maxTokens, tries = 4, timeoutMs = 60_000, signal } = more
  const path = join(folder, 'input.jsonl')
  writeFileSync(path, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  const input = { path, answered, maxTokens } as JobInput
  const answers: Answer[] = []
  const events = {
    onLoad: () => undefined,
    onProgress: () => undefined,
    onAnswer: (each: Answer) => answers.push(each),
  }
  const policy = { tries, delayMs: 1, maxDelayMs: 1000, timeoutMs }
  const job = runAt({ url: '', apiKey: undefined, concurrency: 4, model: undefined, ...server }, policy)
  const summary = await job(input, events, signal ?? new AbortController().signal).catch((error: Error) => error)
  const responses = answers.flatMap(answer => ('response' in answer ? [answer.response] : []))
  const lineOf = ({ id }: BatchResponse) => Number(id.split('_').at(-1))
  return { answers, responses: responses.sort((a, b) => lineOf(a) - lineOf(b)), summary }
}

interface RunOptions {
  readonly answered?: ReadonlySet<string>
  readonly maxTokens?: number
  readonly tries?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

describe('at a server of ours', () => {
  let engine: Engine
  let server: HttpServer
  beforeAll(async () => {
    engine = await openEngine()
    server = await serveHttp(openai(engine, { model: 'tiny' }).fetch, { port: 0, apiKey: 'k' })
  })
  afterAll(async () => {
    await server.close(0)
    engine.dispose()
  })

  const body = { max_tokens: 3, ignore_eos: true }
  const messages = [{ role: 'user', content: 'Hi' }]
  const lines = [
    { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { ...body, messages, model: 'tiny' } },
    { prompt: [1, 2], ...body, logprobs: 1, return_token_ids: true },
    { messages, ...body, temperature: -1 },
    { custom_id: 'a', prompt: 'twice' },
    ...Array.from({ length: 30 }, (_, index) => ({ prompt: `Row ${index}`, ...body })),
  ]

  it('the answers are those of an engine here, but for what answers say of themselves', async () => {
    const remote = await run(lines, { url: server.url, apiKey: 'k' })
    const local = await runJob(
      engine,
      lines.map(line => JSON.stringify(line)),
      { modelName: 'tiny' },
    )
    const bare = (responses: BatchResponse[]) =>
      responses.map(({ response, error, ...names }) => {
        const { choices, model } = (response?.body ?? {}) as { readonly choices?: unknown; readonly model?: string }
        return { ...names, choices, model, failed: error?.code }
      })
    expect(bare(remote.responses)).toEqual(bare(local.responses))
    expect(remote.responses[2].error?.message).toBe(
      'Line 3: the server answers 400: temperature is -1, but must be a number from 0 to 100.',
    )
    const { requests, failed, promptTokens, decodeTokens } = local.summary
    expect(remote.summary).toMatchObject({ requests, failed, promptTokens, decodeTokens, adapter: `${server.url}/v1` })
  })

  it('what was answered is not asked again, and keeps its key', async () => {
    const ours = { url: server.url, apiKey: 'k', concurrency: 1 }
    const [first, second] = (await run(lines.slice(0, 2), ours)).answers
    const { answers } = await run(lines.slice(0, 2), ours, { answered: new Set([first.key]) })
    expect(answers).toMatchObject([
      { key: first.key, line: 1 },
      { key: second.key, response: {} },
    ])
  })

  it('a limit is for requests that do not say theirs, a model for all', async () => {
    const asked = [{ prompt: 'a' }, { prompt: 'a', max_tokens: 1 }]
    const { responses } = await run(asked, { url: `${server.url}/v1/`, apiKey: 'k' }, { maxTokens: 2 })
    const usages = [2, 1].map(tokens => ({ response: { body: { usage: { completion_tokens: tokens } } } }))
    expect(responses).toMatchObject(usages)
    const other = await run([{ prompt: 'a', model: 'tiny' }], { url: server.url, apiKey: 'k', model: 'other' })
    expect(other.responses[0].error?.message).toContain('The model `other` does not exist here; there is `tiny`.')
  })

  it.each([{}, { model: 'tiny' }])('a wrong key ends the job at once: %o', async named => {
    const { summary, responses } = await run(lines, { url: server.url, apiKey: 'wrong', ...named })
    expect(summary).toMatchObject({ name: 'RemoteFailed', message: expect.stringContaining('--api-key-env NAME') })
    expect(responses.every(({ error }) => error?.code === 'InvalidRequest')).toBe(true)
  })
})

describe('at a server that', () => {
  let server: Server | undefined
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  type Handler = (prompt: string, tried: number, response: ServerResponse) => void
  const good = (response: ServerResponse) =>
    response.end(JSON.stringify({ id: 'own-1', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }))

  /** A server that treats each prompt's nth try as `handle` does, and how often it was asked. */
  async function start(handle: Handler): Promise<{ url: string; tries: Map<string, number> }> {
    const tries = new Map<string, number>()
    const serve = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.method === 'GET') return void response.writeHead(404).end('no such page')
      const { prompt } = JSON.parse(await text(request))
      const tried = (tries.get(prompt) ?? 0) + 1
      tries.set(prompt, tried)
      handle(prompt, tried, response)
    }
    server = createServer((request, response) => void serve(request, response))
    await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (!address || typeof address === 'string') throw new Error('the server has no port')
    return { url: `http://127.0.0.1:${address.port}`, tries }
  }

  const failing: Record<string, (response: ServerResponse) => void> = {
    'is busy': response => response.writeHead(429, { 'retry-after': '0' }).end('{"error":{"message":"slow down"}}'),
    'breaks now and then': response => response.writeHead(500).end('oops'),
    'is behind a gateway that is confused': response => response.end('<html>Bad   gateway</html>'),
    'says nothing': response => response.end(),
    hangs: () => undefined,
    'hangs up': response => response.destroy(),
    'hangs up in the middle': response => {
      response.writeHead(200, { 'content-length': '100' }).write('{"id":')
      response.socket?.destroy()
    },
  }
  it.each(Object.entries(failing))('%s is asked again', async (name, fail) => {
    const { url, tries } = await start((_, tried, response) => (tried < 3 ? fail(response) : void good(response)))
    const limits = name === 'hangs' ? { timeoutMs: 500, tries: 20 } : {}
    const { responses, summary } = await run([{ prompt: 'a' }, { prompt: 'b' }], { url }, limits)
    expect(responses.map(({ response }) => response?.request_id)).toEqual(['own-1', 'own-1'])
    // on a busy machine, more may take longer than they may
    if (name !== 'hangs') expect([...tries.values()]).toEqual([3, 3])
    expect(summary).toMatchObject({ requests: 2, failed: 0, decodeTokens: 2 })
  })

  it('never answers one request fails that one alone, with what it said', async () => {
    const { url, tries } = await start((prompt, _, response) => {
      if (prompt === 'bad') response.writeHead(503).end('<b>down</b>')
      else if (prompt === 'refused') response.writeHead(422).end('{"detail":"no such thing"}')
      else good(response)
    })
    const { responses, summary } = await run(
      ['a', 'bad', 'refused', 'b'].map(prompt => ({ prompt })),
      { url },
    )
    const base = `${url}/v1`
    expect(responses.map(({ error }) => error)).toEqual([
      null,
      {
        code: 'RemoteFailed',
        message: `Line 2: ${base} answers 503 with what is no JSON object: <b>down</b> (tried 4 times).`,
        line: 2,
      },
      { code: 'InvalidRequest', message: 'Line 3: the server answers 422: no such thing', line: 3 },
      null,
    ])
    expect(tries).toEqual(
      new Map([
        ['a', 1],
        ['bad', 4],
        ['refused', 1],
        ['b', 1],
      ]),
    )
    expect(summary).toMatchObject({ failed: 2 })
  })

  it('is gone interrupts the job; what was answered is kept', async () => {
    const { url } = await start((prompt, _, response) => (Number(prompt) < 5 ? good(response) : response.destroy()))
    const lines = Array.from({ length: 100 }, (_, index) => ({ prompt: String(index) }))
    const { responses, summary } = await run(lines, { url })
    expect(summary).toMatchObject({ name: 'RemoteFailed', message: expect.stringContaining('cannot be reached') })
    expect(responses.filter(({ response }) => response)).toHaveLength(5)
    expect(responses.length).toBeLessThan(20)
  })

  it('is not there ends the job before anything is sent', async () => {
    const { url } = await start(() => undefined)
    server?.close()
    const { summary, answers } = await run([{ prompt: 'a' }], { url })
    expect(summary).toMatchObject({ name: 'RemoteFailed' })
    expect(answers).toEqual([])
  })

  it('says that asking again is in vain is not asked again', async () => {
    const { url, tries } = await start((_, __, response) => {
      response.writeHead(503, { 'x-should-retry': 'false' }).end('{"error":{"message":"gone"}}')
    })
    const { responses } = await run([{ prompt: 'a' }], { url })
    expect(responses[0].error?.message).toBe(`Line 1: ${url}/v1 answers 503: gone`)
    expect(tries.get('a')).toBe(1)
  })

  it('asks to wait is given that time, by all requests', async () => {
    const times: number[] = []
    const { url } = await start((prompt, tried, response) => {
      times.push(Date.now())
      if (prompt === 'a' && tried === 1) response.writeHead(429, { 'retry-after': '0.3' }).end('{}')
      else good(response)
    })
    await run([{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'c' }], { url, concurrency: 1 })
    expect(times[1] - times[0]).toBeGreaterThanOrEqual(290)
  })

  it('has so many requests at once, and no more', async () => {
    const held: ServerResponse[] = []
    let most = 0
    const { url } = await start((_, __, response) => {
      held.push(response)
      most = Math.max(most, held.length)
      // nobody else comes while three wait
      if (held.length === 3) setImmediate(() => held.splice(0).forEach(good))
    })
    await run(
      Array.from({ length: 9 }, (_, index) => ({ prompt: String(index) })),
      { url, concurrency: 3 },
    )
    expect(most).toBe(3)
  })

  it('hangs is left when the job is told to end', async () => {
    const abort = new AbortController()
    const { url } = await start(() => abort.abort(new Error('enough')))
    const { summary } = await run([{ prompt: 'a' }], { url }, { signal: abort.signal })
    expect(summary).toMatchObject({ message: 'enough' })
  })
})

it.each([
  ['2', 2000],
  ['0.5', 500],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', 0],
  ['', 0],
])('`Retry-After: %s`', (value, ms) => {
  expect(retryAfterMs(new Headers({ 'retry-after': value }), 1000)).toBe(ms)
})
