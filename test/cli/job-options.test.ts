import { expect, it } from 'vitest'
import { parseJobCommand, USAGE, UsageError } from '../../src/cli/job-options'

it('without arguments the example runs on the embedded model in Chrome', () => {
  expect(parseJobCommand([])).toEqual({
    input: 'examples/tickets.jsonl',
    out: 'examples/tickets.results.jsonl',
    restart: false,
    summary: undefined,
    model: 'sprout',
    host: undefined,
    token: undefined,
    cache: undefined,
    weights: undefined,
    kv: undefined,
    maxTokens: undefined,
    tokenBudget: undefined,
    blocks: undefined,
    sharing: undefined,
    attention: undefined,
    order: undefined,
    tuning: undefined,
    runtime: 'chrome',
    remote: undefined,
  })
})

it('a server elsewhere needs its address, and may want a key and another name for the model', () => {
  const url = 'https://h/v1'
  const nothing = { url, apiKey: undefined, concurrency: 16, model: undefined }
  expect(parseJobCommand(['--remote', url]).remote).toEqual(nothing)
  process.env.COPPICE_TEST_KEY = 'k'
  const more = ['--api-key-env', 'COPPICE_TEST_KEY', '--concurrency', '3', '--model', 'm']
  expect(parseJobCommand(['--remote', url, ...more]).remote).toEqual({ url, apiKey: 'k', concurrency: 3, model: 'm' })
})

it('every option is read, before and after the input', () => {
  const before = ['--out', 'o', '--summary', 's', '--model', 'org/name', '--weights=f16', '--runtime', 'node']
  const after = ['--max-tokens', '5', '--token-budget', '64', '--blocks', '999999999', '--sharing', 'off']
  const switches = [
    '--attention',
    'flat',
    '--order',
    'dual',
    '--host',
    'https://h',
    '--token',
    't',
    '--cache',
    'c',
    '--tuning',
    'off',
    '--restart',
  ]
  expect(parseJobCommand([...before, 'in.jsonl', ...after, ...switches])).toEqual({
    input: 'in.jsonl',
    out: 'o',
    restart: true,
    summary: 's',
    model: 'org/name',
    host: 'https://h',
    token: 't',
    cache: 'c',
    weights: 'f16',
    maxTokens: 5,
    tokenBudget: 64,
    blocks: 999999999,
    sharing: 'off',
    attention: 'flat',
    order: 'dual',
    tuning: false,
    runtime: 'node',
    remote: undefined,
  })
})

it.each([
  ['a/b.jsonl', 'a/b.results.jsonl'],
  ['b.json', 'b.results.jsonl'],
  ['b.txt', 'b.txt.results.jsonl'],
  ['b', 'b.results.jsonl'],
])('the responses to %s go to %s', (input, out) => {
  expect(parseJobCommand([input]).out).toBe(out)
})

it.each([
  [['a.jsonl', 'b.jsonl'], 'One input file at a time, not 2: a.jsonl b.jsonl'],
  [['--weights', 'q5'], '--weights is q5, but must be one of f32, f16, q8, q4, auto.'],
  [['--runtime', 'deno'], '--runtime is deno, but must be one of chrome, node.'],
  [['--sharing', 'all'], '--sharing is all, but must be one of off, cache, two-level, tree.'],
  [['--attention', 'skip'], '--attention is skip, but must be one of shared, split, flat.'],
  [['--attention', 'none'], '--attention is none, but must be one of shared, split, flat.'],
  [['--tuning', 'yes'], '--tuning is yes, but must be one of on, off.'],
  [['--order', 'lifo'], '--order is lifo, but must be one of fcfs, ratio, dual.'],
  [['--blocks', '0'], '--blocks is 0, but must be a whole number of at least 1.'],
  [['--max-tokens', '1.5'], '--max-tokens is 1.5, but must be a whole number of at least 1.'],
  [['--token-budget', '1e3'], '--token-budget is 1e3, but must be a whole number of at least 1.'],
  [['--blocks', ' 5 '], '--blocks is  5 , but'],
  [['--blocks', ''], '--blocks is , but'],
  [['--blocks', '0x5'], '--blocks is 0x5, but'],
  [['--cache', 'c'], '--cache needs --runtime node.'],
  [['--concurrency', '4'], '--concurrency needs --remote.'],
  [['--remote', 'h'], '--remote is h, but must be an http address.'],
  [['--remote', 'http://h', '--kv', 'f16'], '--kv is for an engine of this machine, not for --remote.'],
  [['--remote', 'http://h', '--api-key-env', 'COPPICE_NONE'], '--api-key-env names COPPICE_NONE, but that environment'],
  [['--wat'], "Unknown option '--wat'"],
  [['--model'], "Option '--model <value>' argument missing"],
])('%o is refused with the reason', (args, reason) => {
  expect(() => parseJobCommand(args)).toThrow(UsageError)
  expect(() => parseJobCommand(args)).toThrow(reason)
})

it('the usage names every option that the command line takes', () => {
  const limits = ['max-tokens', 'token-budget', 'blocks']
  const switches = ['sharing', 'attention', 'order', 'tuning', 'runtime']
  for (const option of ['out', 'summary', 'model', 'weights', 'remote', 'api-key-env', ...limits, ...switches]) {
    expect(USAGE).toContain(`--${option} `)
    expect(() => parseJobCommand([`--${option}`])).toThrow('argument missing')
  }
})
