import { expect, it } from 'vitest'
import { parsePeersCommand } from '../../../src/bench/peers/cli/options'
import { ENGINE_NAMES, type EngineName } from '../../../src/bench/peers/engines'
import type { CountedRun } from '../../../src/bench/peers/main'
import { disagreeing, peersText } from '../../../src/bench/peers/report'
import { promptsOf, TASKS } from '../../../src/bench/peers/tasks'
import { FIRST_ID, VOCAB_SIZE } from '../../../src/bench/peers/vocabulary'

it('prompts of a task share what they should and no more, two seeds nothing', () => {
  const [first, second] = promptsOf(TASKS.A, 1)
  expect(first.length).toBe(TASKS.A.shared + TASKS.A.own)
  expect(first.findIndex((token, i) => token !== second[i])).toBe(TASKS.A.shared)
  expect(promptsOf(TASKS.A, 2)[0][0]).not.toBe(first[0])
  for (const token of first) expect(token >= FIRST_ID && token < VOCAB_SIZE).toBe(true)
})

it('without arguments every engine does every task', () => {
  const { engines, tasks, rounds } = parsePeersCommand([])
  expect([engines, tasks, rounds]).toEqual([ENGINE_NAMES, ['single', 'A', 'B'], 2])
})

it.each([
  [['--engines', 'coppice-f32,webllm'], /--engines is webllm, but must be one of coppice-f32/],
  [['--tasks', 'C'], /--tasks is C/],
  [['--rounds', '0'], /--rounds is 0/],
  [['--at-most', '1'], /--at-most is 1, but must be a whole number of at least 2/],
])('%j is refused with what is wrong', (args, message) => {
  expect(() => parsePeersCommand(args)).toThrow(message)
})

const ENVIRONMENT = {
  date: '',
  host: '',
  browser: '',
  adapter: '',
  hasHalf: false,
  versions: {},
  flags: '',
  atMost: 4,
  seconds: 1,
}

function engine(name: EngineName, ms: number, dispatches: number, token = 7) {
  const run: CountedRun = { tokens: [[5, token]], ms, firstMs: ms / 2, dispatches }
  return { name, loadMs: [1], runs: { A: [run] } }
}

it('the fastest on WebGPU is one that has dispatched, whatever an engine says of itself', () => {
  const engines = [engine('coppice-q4', 100, 9), engine('wllama-q4', 50, 0), engine('transformers-q4', 400, 9)]
  const text = peersText({ environment: ENVIRONMENT, engines })
  expect(text).toMatch(/Coppice, q4 ÷ the fastest on WebGPU\*\* \| +– \| +– \| +4\.00 \|/)
  expect(text).toContain('**without** shader-f16')
})

it('an answer counts as the same if all of it is', () => {
  const engines = [engine('coppice-q4', 100, 9), engine('wllama-q4', 50, 9, 8)]
  expect(peersText({ environment: ENVIRONMENT, engines })).toMatch(/wllama, q4_0 .* 0 of 1 \|/)
})

it('engines on a GPU must give the answers of the first, those on the CPU need not, whatever they say', () => {
  const onCpu = [engine('wllama-f16', 50, 0, 8), engine('wllama-cpu', 50, 0, 8)]
  const agree = [...onCpu, engine('coppice-q4', 100, 9), engine('wllama-q4', 50, 9)]
  expect(disagreeing(agree)).toEqual([])
  const differ = [...agree, engine('transformers-q4', 50, 9, 8)]
  expect(disagreeing(differ).map(({ name }) => name)).toEqual(['transformers-q4'])
  expect(peersText({ environment: ENVIRONMENT, engines: differ })).toContain('transformers.js, q4: its answers differ')
})
