/** `npm run serve` as a user has it, in headless Chrome, and `npm run job -- FILE --remote` pointed at it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scripts } from '../../package.json'
import { hashOf } from '../../src/api/lines'
import { AnswerFile } from '../../src/cli/answer-file'
import { folder, runJobCommand, writeInput, writeModel } from './run-job'

const TIMEOUT_MS = 300_000

let server: ChildProcess
let baseURL: string
let output = ''

beforeAll(async () => {
  // the command must not take itself for a test of this one
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV)/.test(name)))
  const args = [
    '--port',
    '0',
    '--model',
    writeModel('tiny'),
    '--context',
    '128',
    '--blocks',
    '64',
    '--api-key-env',
    'SERVE_KEY',
  ]
  server = spawn('node', [...scripts.serve.split(' ').slice(1), ...args], { env: { ...env, SERVE_KEY: 'secret' } })
  server.stderr?.on('data', chunk => {
    output += chunk
  })
  baseURL = await new Promise<string>((resolve, reject) => {
    server.stdout?.on('data', chunk => {
      output += chunk
      const [url] = /http:\S+/.exec(output) ?? []
      if (url) resolve(url)
    })
    server.on('close', code => reject(new Error(`it ended with ${code}: ${output}`)))
  })
}, TIMEOUT_MS)
afterAll(() => server.kill('SIGKILL'))

describe('npm run serve', { timeout: TIMEOUT_MS }, () => {
  const request = { model: join(folder, 'tiny'), max_tokens: 4, temperature: 0, ignore_eos: true }
  const rows = ['one', 'two', 'three', 'four'].map(content => ({ messages: [{ role: 'user' as const, content }] }))
  const client = () => new OpenAI({ baseURL, apiKey: 'secret', maxRetries: 0 })

  it('answers the official client, whole and streamed alike', async () => {
    const [{ id }] = (await client().models.list()).data
    expect(id).toBe(request.model)
    const ask = { ...request, ...rows[0] }
    const whole = await client().chat.completions.create(ask)
    const { choices } = await client().chat.completions.stream(ask).finalChatCompletion()
    expect(choices[0].message.content).toBe(whole.choices[0].message.content)
    expect(choices[0].finish_reason).toBe(whole.choices[0].finish_reason)
    const wrong = new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 })
    await expect(wrong.models.list()).rejects.toMatchObject({ status: 401 })
  })

  it('stops for a client that leaves: the next has the memory that it held', async () => {
    // as long as the context, so that few of them fit side by side
    const long = { ...request, prompt: [1], max_tokens: 127, stream: true as const, n: 8 }
    for (let round = 0; round < 8; round++) {
      for await (const chunk of await client().completions.create({ ...long, logit_bias: { 97: 100 } }))
        if (chunk) break
    }
    expect((await client().chat.completions.create({ ...request, ...rows[1] })).usage?.completion_tokens).toBe(4)
  })

  it('is what `npm run job -- FILE --remote` sends a file to, which goes on where it was ended', async () => {
    const lines = rows.map((row, index) => ({
      custom_id: `row ${index}`,
      url: '/v1/chat/completions',
      body: { ...row, ...request },
    }))
    const input = writeInput('remote.jsonl', lines)
    const out = join(folder, 'remote.results.jsonl')
    process.env.SERVE_KEY = 'secret'
    const args = [input, '--remote', baseURL, '--api-key-env', 'SERVE_KEY', '--concurrency', '2']
    const { code, stdout, stderr } = await runJobCommand(args)
    expect([code, stderr]).toEqual([0, expect.any(String)])
    expect(stdout).toContain(`4 requests, 0 failed → ${out}`)
    const answers = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(answers.map(({ custom_id: id }) => id)).toEqual(lines.map(({ custom_id: id }) => id))
    const direct = await Promise.all(rows.map(row => client().chat.completions.create({ ...request, ...row })))
    expect(answers.map(({ response }) => response.body.choices)).toEqual(direct.map(({ choices }) => choices))

    // as an interrupted run leaves it: the settings, and the first two
    const [first, second] = answers
    const kept = await AnswerFile.open(`${out}.part`, { remote: baseURL }, false)
    for (const [index, response] of [first, second].entries()) kept.add({ key: keyOf(input, index), response })
    kept.close()
    const again = await runJobCommand(args)
    expect(again.stderr).toContain('2 answers of an earlier run')
    expect(again.code).toBe(0)
    const resumed = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(resumed.slice(0, 2)).toEqual([first, second])
    expect(resumed.map(({ response }) => response.body.choices)).toEqual(direct.map(({ choices }) => choices))
  })

  it('says that its port is taken, before it loads anything', async () => {
    const port = new URL(baseURL).port
    const second = spawn('node', [...scripts.serve.split(' ').slice(1), '--port', port], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    second.stderr?.on('data', chunk => {
      said += chunk
    })
    expect(await once(second, 'close')).toEqual([2, null])
    expect(said).toContain(`UsageError: Port ${port} is taken.`)
  })

  it('lets what is under way end when it is told to', async () => {
    const closed = once(server, 'close')
    const last = client()
      .chat.completions.create({ ...request, ...rows[2], max_tokens: 60 })
      .asResponse()
    const stream = await client().chat.completions.create({ ...request, ...rows[3], max_tokens: 60, stream: true })
    let text = ''
    for await (const { choices } of stream) {
      if (text === '') server.kill('SIGTERM')
      text += choices[0]?.delta.content ?? ''
      text ||= ' '
    }
    expect((await last).status).toBe(200)
    expect(await closed).toEqual([0, null])
  })
})

/** The key under which the job command keeps the answer to a line. */
function keyOf(input: string, index: number): string {
  const line = readFileSync(input, 'utf8').split('\n')[index]
  return `${hashOf(line)} ${JSON.parse(line).custom_id}`
}
