import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BatchResponse } from '../../src/batch'
import { USAGE } from '../../src/cli/job-options'
import { seededFields, seededTensorInputs } from '../loader/gguf/seeded-gguf'
import { writeGguf } from '../loader/gguf/write-gguf'
import { TINY, TINY_SEED } from '../support/engine'
import { folder, runJobCommand, writeInput, writeModel } from './run-job'

const MINUTES_3 = 180_000
const MINUTES_5 = 300_000
const RUNTIMES = ['node', 'chrome'] as const

const model = writeModel('tiny')
/** Software adapters compile for longer than they compute, and write all of a cache when they make it: small steps, few blocks. */
const RUN = ['--model', model, '--token-budget', '2', '--blocks', '64']
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

describe.concurrent.each(RUNTIMES)('on %s', { timeout: MINUTES_3 }, runtime => {
  it('a job is answered in input order, summed up, and exits with 0', async () => {
    const out = join(folder, `${runtime}.jsonl`)
    const summaryFile = join(folder, `${runtime}.json`)
    const args = ['--out', out, '--summary', summaryFile, '--max-tokens', '4', '--runtime', runtime]
    const { code, stdout, stderr } = await runJobCommand([good, ...RUN, ...args])
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
})

/** A job of which one request is answered at once, and the other not soon. */
function longJob(name: string, runtime: string) {
  const input = writeInput(`${name}.jsonl`, [
    { custom_id: 'long', prompt: 'a', max_tokens: 250, ignore_eos: true, stop: 'never to be said' },
    { custom_id: 'quick', prompt: 'a', max_tokens: 1 },
  ])
  const out = input.replace('.jsonl', '.results.jsonl')
  /** Runs it, or what is left of it, and does `act` once the command has said `sign`. */
  const run = async (sign: string, act: (child: ChildProcess) => void) => {
    let isDone = false
    const finished = await runJobCommand([input, ...RUN, '--runtime', runtime], (text, child) => {
      if (isDone || !text.includes(sign)) return
      isDone = true
      act(child)
    })
    const kept = existsSync(`${out}.part`) ? readFileSync(`${out}.part`, 'utf8').trim().split('\n').slice(1) : []
    return { ...finished, kept }
  }
  return { out, run }
}

describe.concurrent('what was answered is kept, and the exit code says why it ended', { timeout: MINUTES_5 }, () => {
  it('when the command is killed, and then by each signal in turn; the same command goes on with the rest', async () => {
    const { out, run } = longJob('killed', 'node')
    // which can say nothing
    const killed = await run('1/2', child => child.kill('SIGKILL'))
    expect(killed.code).toBe(null)
    expect(killed.kept.map(line => JSON.parse(line).custom_id)).toEqual(['quick'])
    for (const [signal, expected] of [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      const { code, stderr, kept } = await run('Computing on', child => child.kill(signal))
      expect(code, stderr).toBe(expected)
      expect(stderr).toContain(`Ended by ${signal}.`)
      expect(stderr).toContain(`1 answers are kept in ${out}.part; the same command goes on with the rest.`)
      expect(kept).toEqual(killed.kept)
    }
    const { code, stderr } = await run('never', () => undefined)
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('1/1')
    const responses = readResponses(out)
    expect(responses.map(({ custom_id: customId }) => customId)).toEqual(['long', 'quick'])
    // not answered again
    const { record: _, request_key: __, ...answer } = JSON.parse(killed.kept[0])
    expect(responses[1]).toEqual(answer)
    expect(existsSync(`${out}.part`)).toBe(false)
  })

  it('by an interrupt, or several', async () => {
    const { out, run } = longJob('interrupted', 'chrome')
    const { code, stderr, kept } = await run('1/2', child => {
      for (let i = 0; i < 3; i++) child.kill('SIGINT')
    })
    expect(code, stderr).toBe(130)
    expect(stderr).toContain(`1 answers are kept in ${out}.part; the same command goes on with the rest.`)
    expect(kept).toHaveLength(1)
    expect(existsSync(out)).toBe(false)
  })

  // once waited for ever, or was called a fault of ours
  it('when the browser is killed', async () => {
    const { run } = longJob('browser', 'chrome')
    const { code, stderr, kept } = await run('1/2', ({ pid }) => process.kill(browserOf(pid), 'SIGKILL'))
    expect(stderr).toContain('DeviceLost: The browser has ended.')
    expect(stderr).toContain('1 answers are kept in')
    expect(code).toBe(4)
    expect(kept).toHaveLength(1)
  })
})

/** The process of the browser that a command has started, by Linux's list of processes: a bare machine has no `ps`. */
function browserOf(command: number | undefined): number {
  const children = readdirSync(`/proc/${command}/task`)
    .flatMap(thread => readFileSync(`/proc/${command}/task/${thread}/children`, 'utf8').trim().split(' '))
    .filter(pid => pid !== '')
  const browser = children.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--remote-debugging'))
  if (!browser) throw new Error(`no browser among the processes ${children}`)
  return Number(browser)
}

describe.concurrent('the exit code', { timeout: MINUTES_3 }, () => {
  it('is 1 when a line fails, whose answer says why; the file may begin with a mark and have the line ends of Windows', async () => {
    const input = join(folder, 'bad.jsonl')
    const lines = [LINES[1], { custom_id: 'x', prompt: 'a', n: 2 }]
    writeFileSync(input, `\ufeff${lines.map(line => `${JSON.stringify(line)}\r\n`).join('')}`)
    const { code, stdout, stderr } = await runJobCommand([input, ...RUN, '--runtime', 'node'])
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
    const out = join(folder, `never-${runtime}.jsonl`)
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
    const [out, summary] = ['gguf.jsonl', 'gguf.json'].map(name => join(folder, name))
    const args = ['--max-tokens', '4', '--token-budget', '2', '--blocks', '64', '--runtime', 'node', '--weights', 'f16']
    const own = await runJobCommand([good, ...args, '--model', file, '--out', out, '--summary', summary])
    expect(own.code, own.stderr).toBe(0)
    expect(own.stdout).toContain('weights        F16 as f16')
    expect(JSON.parse(readFileSync(summary, 'utf8')).weights).toMatchObject([{ source: 'F16', format: 'f16' }])
    const answers = (path: string) =>
      readResponses(path).map(({ response }) => (response?.body as { readonly choices?: unknown } | undefined)?.choices)
    // by the first test of this file, from the folder
    expect(answers(out)).toEqual(answers(join(folder, 'node.jsonl')))
    expect(answers(out)).toEqual(LINES.map(() => [expect.objectContaining({ finish_reason: 'length' })]))
  })
})

describe('the input', { timeout: MINUTES_3 }, () => {
  it('may be empty: the output is too, not left from the last time', async () => {
    const input = writeInput('empty.jsonl', [])
    const out = join(folder, 'empty.results.jsonl')
    writeFileSync(out, 'old\n')
    const { code } = await runJobCommand([input, ...RUN, '--runtime', 'node'])
    expect(code).toBe(0)
    expect(readFileSync(out, 'utf8')).toBe('')
  })
})
