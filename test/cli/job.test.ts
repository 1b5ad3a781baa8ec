import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { USAGE } from '../../src/cli/job-options'
import type { BatchResponse } from '../../src/index'
import { seededFields, seededTensorInputs } from '../loader/gguf/seeded-gguf'
import { writeGguf } from '../loader/gguf/write-gguf'
import { TINY, TINY_SEED } from '../support/engine'
import { folder, runJobCommand, writeInput, writeModel } from './run-job'

const MINUTES_3 = 180_000
const RUNTIMES = ['node', 'chrome'] as const

const model = writeModel('tiny')
const LINES = [
  { custom_id: 'slow', prompt: 'Hello', max_tokens: 9, ignore_eos: true },
  { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2, ignore_eos: true },
  { custom_id: 'last', prompt: [1, 2], ignore_eos: true },
]
const good = writeInput('good.jsonl', LINES)

function readResponses(path: string): BatchResponse[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
}

const SUMMARY_KEYS = [
  'requests',
  'failed',
  'promptTokens',
  'treeTokens',
  'prefillTokens',
  'savedTokens',
  'decodeTokens',
  'wallMs',
  'tokensPerSecond',
  'steps',
  'tokensPerStep',
  'peakBlocks',
  'kvBytesRead',
  'adapter',
  'weights',
]

describe.each(RUNTIMES)('on %s', { timeout: MINUTES_3 }, runtime => {
  it('a job is answered in input order, summed up, and exits with 0', async () => {
    const out = join(folder, `${runtime}.jsonl`)
    const summaryFile = join(folder, `${runtime}.json`)
    const args = ['--model', model, '--out', out, '--summary', summaryFile, '--max-tokens', '4', '--runtime', runtime]
    const { code, stdout, stderr } = await runJobCommand([good, ...args])
    expect(code, stderr).toBe(0)
    const responses = readResponses(out)
    expect(responses.map(({ custom_id: customId }) => customId)).toEqual(['slow', 'request-2', 'last'])
    const bodies = responses.map(({ response }) => response?.body)
    // the model is called what the user called it, wherever a runtime finds it
    for (const body of bodies) expect(body).toMatchObject({ model })
    expect(bodies).toMatchObject([9, 2, 4].map(tokens => ({ usage: { completion_tokens: tokens } })))

    const summary = JSON.parse(readFileSync(summaryFile, 'utf8'))
    expect(Object.keys(summary)).toEqual(SUMMARY_KEYS)
    expect(summary).toMatchObject({ requests: 3, failed: 0, decodeTokens: 15 })
    expect(stdout).toMatch(/^3 requests, 0 failed → .+\n(.+\n)+$/)
    expect(stdout).toContain(summary.adapter)
    expect(stderr).toContain('3/3')
    // a model without generation_config.json is nothing to worry about
    expect(stderr).not.toMatch(/404|error/i)
  })

  it('an interrupt, or several, keep what was answered and exit with 130', async () => {
    const input = writeInput(`interrupted-${runtime}.jsonl`, [
      { custom_id: 'endless', prompt: 'a', max_tokens: 510, ignore_eos: true, stop: 'never to be said' },
      { custom_id: 'quick', prompt: 'a', max_tokens: 1 },
    ])
    let isInterrupted = false
    const { code, stderr } = await runJobCommand([input, '--model', model, '--runtime', runtime], (text, child) => {
      if (isInterrupted || !text.includes('1/2')) return
      isInterrupted = true
      for (let i = 0; i < 3; i++) child.kill('SIGINT')
    })
    expect(code, stderr).toBe(130)
    const responses = readResponses(input.replace('.jsonl', '.results.jsonl'))
    expect(responses.map(({ custom_id: customId }) => customId)).toEqual(['quick'])
  })
})

describe('the exit code', { timeout: MINUTES_3 }, () => {
  it('is 1 when a line fails, whose answer says why', async () => {
    const input = writeInput('bad.jsonl', [LINES[1], { custom_id: 'x', prompt: 'a', n: 2 }])
    const { code, stdout, stderr } = await runJobCommand([input, '--model', model, '--runtime', 'node'])
    expect(code).toBe(1)
    expect(stdout, stderr).toMatch(/^2 requests, 1 failed/)
    expect(readResponses(join(folder, 'bad.results.jsonl'))[1]).toEqual({
      id: 'batch_req_2',
      custom_id: 'x',
      response: null,
      error: { code: 'InvalidRequest', message: 'Line 2: `n` is 2, but only 1 is supported.', line: 2 },
    })
  })

  it.each([
    [['--wat'], "Unknown option '--wat'"],
    [[join(folder, 'nowhere.jsonl')], `The input ${folder}/nowhere.jsonl cannot be read: Error: ENOENT`],
    // once found out only when all the work was done, and lost
    [[good, '--out', join(folder, 'no/out.jsonl')], `The folder of ${folder}/no/out.jsonl does not exist.`],
    [[good, '--summary', join(folder, 'no/s.json')], `The folder of ${folder}/no/s.json does not exist.`],
  ])('is 2 for %o, with the reason and the usage', async (args, reason) => {
    const { code, stdout, stderr } = await runJobCommand([...args, '--model', model, '--runtime', 'node'])
    expect(code).toBe(2)
    expect(stderr).toContain(`UsageError: ${reason}`)
    expect(stderr).toContain(USAGE)
    expect(stdout).toBe('')
  })

  it.each(RUNTIMES)('is 3 on %s when the model is not there, and no output is begun', async runtime => {
    const out = join(folder, 'never.jsonl')
    const args = ['--model', join(folder, 'no-model'), '--out', out, '--runtime', runtime]
    const { code, stderr } = await runJobCommand([good, ...args])
    expect(code, stderr).toBe(3)
    expect(stderr).toMatch(/^DownloadFailed: .*no-model/m)
    expect(existsSync(out)).toBe(false)
  })

  it('is 3 when the weights are corrupt, with the reason', async () => {
    const corrupt = writeModel('corrupt', { 'model.safetensors': 'this is no safetensors file' })
    const { code, stderr } = await runJobCommand([good, '--model', corrupt, '--runtime', 'node'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/^CorruptCheckpoint: /m)
  })

  it('is 0 for --help, which prints the usage', async () => {
    const { code, stdout } = await runJobCommand(['--help', '--wat'])
    expect(code).toBe(0)
    expect(stdout).toBe(`${USAGE}\n`)
  })
})

describe('the model', { timeout: MINUTES_3 }, () => {
  it('may be a GGUF file, kept as asked', async () => {
    const file = join(folder, 'model.gguf')
    writeFileSync(file, writeGguf({ fields: seededFields(TINY), tensors: seededTensorInputs(TINY, TINY_SEED, 'F16') }))
    const [out, summary, expected] = ['gguf.jsonl', 'gguf.json', 'folder.jsonl'].map(name => join(folder, name))
    const args = [good, '--max-tokens', '4', '--runtime', 'node']
    const own = await runJobCommand([...args, '--model', file, '--weights', 'f16', '--out', out, '--summary', summary])
    expect(own.code, own.stderr).toBe(0)
    expect(own.stdout).toContain('weights        F16 as f16')
    expect(JSON.parse(readFileSync(summary, 'utf8')).weights).toMatchObject([{ source: 'F16', format: 'f16' }])
    await runJobCommand([...args, '--model', model, '--out', expected])
    const answers = (path: string) =>
      readResponses(path).map(({ response }) => (response?.body as { readonly choices?: unknown } | undefined)?.choices)
    expect(answers(out)).toEqual(answers(expected))
    expect(answers(out)).toEqual(LINES.map(() => [expect.objectContaining({ finish_reason: 'length' })]))
  })
})

describe('the input', { timeout: MINUTES_3 }, () => {
  it('may begin with a byte order mark and have Windows line ends', async () => {
    const input = join(folder, 'windows.jsonl')
    writeFileSync(input, `\ufeff${LINES.map(line => `${JSON.stringify(line)}\r\n`).join('')}`)
    const { code, stdout } = await runJobCommand([input, '--model', model, '--max-tokens', '1', '--runtime', 'node'])
    expect(stdout).toMatch(/^3 requests, 0 failed/)
    expect(code).toBe(0)
  })

  it('may be empty: the output is too, not left from the last time', async () => {
    const input = writeInput('empty.jsonl', [])
    const out = join(folder, 'empty.results.jsonl')
    writeFileSync(out, 'old\n')
    const { code } = await runJobCommand([input, '--model', model, '--runtime', 'node'])
    expect(code).toBe(0)
    expect(readFileSync(out, 'utf8')).toBe('')
  })
})
