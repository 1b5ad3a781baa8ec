import { type ChildProcess, execFileSync } from 'node:child_process'
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
  'decisions',
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

  it('an interrupt, or several, keep what was answered, and the same command goes on with the rest', async () => {
    const input = writeInput(`interrupted-${runtime}.jsonl`, [
      { custom_id: 'endless', prompt: 'a', max_tokens: 510, ignore_eos: true, stop: 'never to be said' },
      { custom_id: 'quick', prompt: 'a', max_tokens: 1 },
    ])
    const out = input.replace('.jsonl', '.results.jsonl')
    const command = [input, '--model', model, '--runtime', runtime]
    let isInterrupted = false
    const { code, stderr } = await runJobCommand(command, (text, child) => {
      if (isInterrupted || !text.includes('1/2')) return
      isInterrupted = true
      for (let i = 0; i < 3; i++) child.kill('SIGINT')
    })
    expect(code, stderr).toBe(130)
    expect(stderr).toContain(`1 answers are kept in ${out}.part; the same command goes on with the rest.`)
    expect(existsSync(out)).toBe(false)
    const [, kept] = readFileSync(`${out}.part`, 'utf8').split('\n')

    const again = await runJobCommand(command)
    expect(again.stderr).toContain('1/1')
    expect(again.code).toBe(0)
    const responses = readResponses(out)
    expect(responses.map(({ custom_id: customId }) => customId)).toEqual(['endless', 'quick'])
    // not answered again
    const { request_key: _, ...answer } = JSON.parse(kept)
    expect(responses[1]).toEqual(answer)
    expect(existsSync(`${out}.part`)).toBe(false)
  })
})

/** Ends a job by `act` once one of its answers is kept; the other never ends by itself. */
async function endedBy(name: string, runtime: string, act: (child: ChildProcess) => void) {
  const input = writeInput(`${name}.jsonl`, [
    { custom_id: 'endless', prompt: 'a', max_tokens: 510, ignore_eos: true, stop: 'never to be said' },
    { custom_id: 'quick', prompt: 'a', max_tokens: 1 },
  ])
  let isEnded = false
  const finished = await runJobCommand([input, '--model', model, '--runtime', runtime], (text, child) => {
    if (isEnded || !text.includes('1/2')) return
    isEnded = true
    act(child)
  })
  const part = readFileSync(input.replace('.jsonl', '.results.jsonl.part'), 'utf8')
  return { ...finished, kept: part.split('\n').filter(line => line.includes('"quick"')).length }
}

describe('what was answered is kept, and the exit code says why it ended', { timeout: MINUTES_3 }, () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('on %s', async (signal, expected) => {
    const { code, stderr, kept } = await endedBy(signal, 'node', child => child.kill(signal))
    expect(code, stderr).toBe(expected)
    expect(stderr).toContain(`Ended by ${signal}.`)
    expect(kept).toBe(1)
  })

  it('when the command is killed, which can say nothing', async () => {
    const { code, kept } = await endedBy('SIGKILL', 'node', child => child.kill('SIGKILL'))
    expect(code).toBe(null)
    expect(kept).toBe(1)
  })

  // once waited for ever, or was called a fault of ours
  it('when the browser is killed', async () => {
    const { code, stderr, kept } = await endedBy('browser', 'chrome', ({ pid }) =>
      process.kill(browserOf(pid), 'SIGKILL'),
    )
    expect(stderr).toContain('DeviceLost: The browser has ended.')
    expect(stderr).toContain('1 answers are kept in')
    expect(code).toBe(4)
    expect(kept).toBe(1)
  })
})

/** The process of the browser that a command has started. */
function browserOf(command: number | undefined): number {
  const children = execFileSync('ps', ['--ppid', String(command), '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n')
  const browser = children.find(line => line.includes('--remote-debugging'))
  if (!browser) throw new Error(`no browser among ${children}`)
  return Number.parseInt(browser, 10)
}

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
    [[good, '--out', good], `${good} would overwrite the input ${good}.`],
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
    expect(existsSync(`${out}.part`)).toBe(false)
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
