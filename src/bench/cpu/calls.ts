import { pause } from '../../core/pause'
import { createEngine, type Engine, type Message } from '../../index'
import { nullGpu } from '../common/null-gpu'

const CHATS = 10_000
/** Length of the instruction that all of them share. */
const INSTRUCTION_TOKENS = 550
const WORDS =
  'the order that I placed came late and a part was missing so please say when the rest will be sent to me'.split(' ')
const PARAMS = { maxTokens: 4, ignoreEos: true }

/** Something that a large call asks of the thread that makes it, ready to be timed. */
export interface CallCase {
  readonly name: string
  run(): Promise<unknown>
}

/**
 * Large calls to measure, on a GPU that does nothing, with the tokenizer of the embedded model, which is at `model`. Each case
 * is to be run before the next is asked for: the first call compiles JavaScript and remembers nothing yet.
 */
export async function* callCases(model: string): AsyncGenerator<CallCase> {
  for (const name of ['first call', 'second call', 'the same call again']) {
    const engine = await open(model)
    if (name !== 'first call') await read(engine, await chats(engine, 1))
    const prompts = await chats(engine, 2)
    if (name === 'the same call again') await read(engine, prompts)
    yield { name: `${name}: read and planned`, run: () => read(engine, prompts) }
    if (name === 'first call') {
      yield { name: 'answered, 4 tokens each', run: () => engine.generate(prompts, PARAMS).all() }
      const stopped = engine.generate(prompts, PARAMS)
      const reading = stopped.all()
      await stopped.plan
      for (let turn = 0; turn < 50; turn++) await pause()
      yield { name: 'stopped', run: async () => [stopped.cancel(), await reading] }
    }
    engine.dispose()
  }
}

async function read(engine: Engine, prompts: readonly (readonly Message[])[]): Promise<void> {
  await engine.plan(prompts, PARAMS)
}

function open(model: string): Promise<Engine> {
  const options = { contextLength: 1024, blocks: 2 ** 15, cache: false, study: { tuning: false } } as const
  return createEngine(model, { ...options, gpu: nullGpu(() => undefined, { mapAsync: pause }) })
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
