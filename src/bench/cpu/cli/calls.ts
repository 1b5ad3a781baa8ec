import { setImmediate as pause } from 'node:timers/promises'
import { createEngine, type Engine, type Message } from '../../../index'
import { nullGpu } from '../../common/null-gpu'
import { count, table } from '../../common/table'
import { Heartbeat } from './heartbeat'

const MODEL = 'public/models/sprout'
const CHATS = 10_000
/** Length of the instruction that all of them share. */
const INSTRUCTION_TOKENS = 550
const WORDS =
  'the order that I placed came late and a part was missing so please say when the rest will be sent to me'.split(' ')

/** What large calls cost the caller's thread: in Node, on a GPU that does nothing, with the embedded model's tokenizer. */
export async function callTable(): Promise<string> {
  const rows: string[][] = []
  // the first call compiles JavaScript and remembers nothing yet
  for (const name of ['first call', 'second call', 'the same call again']) {
    const engine = await open()
    if (name !== 'first call') await read(engine, await chats(engine, 1))
    const prompts = await chats(engine, 2)
    if (name === 'the same call again') await read(engine, prompts)
    rows.push([`${name}: read and planned`, ...(await measured(() => read(engine, prompts)))])
    if (name === 'first call') {
      rows.push(['answered, 4 tokens each', ...(await measured(() => engine.generate(prompts, PARAMS).all()))])
      const stopped = engine.generate(prompts, PARAMS)
      const reading = stopped.all()
      await stopped.plan
      for (let turn = 0; turn < 50; turn++) await pause()
      rows.push(['stopped', ...(await measured(async () => [stopped.cancel(), await reading]))])
    }
    engine.dispose()
  }
  return table([`${count(CHATS)} chats of 600 tokens`, 'ms', 'CPU, ms', 'longest task, ms', 'CPU of a task, ms'], rows)
}

const PARAMS = { maxTokens: 4, ignoreEos: true }

async function read(engine: Engine, prompts: readonly (readonly Message[])[]): Promise<void> {
  await engine.plan(prompts, PARAMS)
}

async function measured(work: () => Promise<unknown>): Promise<string[]> {
  const heartbeats = [new Heartbeat(), new Heartbeat(cpuMs)]
  const [began, cpuBegan] = [performance.now(), cpuMs()]
  await work()
  const times = [performance.now() - began, cpuMs() - cpuBegan]
  for (const heartbeat of heartbeats) times.push(await heartbeat.stop())
  return times.map(ms => ms.toFixed(0))
}

/** CPU time of all this process's threads: those that collect garbage too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function open(): Promise<Engine> {
  const options = { contextLength: 1024, blocks: 2 ** 15, cache: false, study: { tuning: false } } as const
  return createEngine(MODEL, { ...options, gpu: nullGpu(() => undefined, { mapAsync: () => pause() }) })
}

/** One instruction, and a text of about 30 tokens for each. */
async function chats(engine: Engine, seed: number): Promise<(readonly Message[])[]> {
  const text = (from: number, length: number) =>
    Array.from({ length }, (_, index) => WORDS[(from * (index + 7) + (from >> 4) + index * index) % WORDS.length]).join(
      ' ',
    )
  let instruction = `Instruction ${seed}.`
  for (let at = 0; (await engine.tokenize(instruction)).length < INSTRUCTION_TOKENS; at++)
    instruction += ` ${text(at, 9)}.`
  return Array.from({ length: CHATS }, (_, index) => [
    { role: 'system', content: instruction },
    { role: 'user', content: `${text(index, 20)} ${index}` },
  ])
}
