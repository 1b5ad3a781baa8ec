import { type BatchResponse, jobsOf, runJob } from '../../batch'
import { pause } from '../../core/pause'
import { createEngine, type Engine, type Generation } from '../../index'
import { nullGpu } from '../common/null-gpu'

const PARAMS = { maxTokens: 2, ignoreEos: true }
const INSTRUCTION = 'Say in one word which team this is for: billing, shipping or technical.'
const WORDS = 'the order that I placed came late and a part was missing so please say when the rest will be sent'.split(
  ' ',
)

/** A call of the API with very many rows, or while they wait. */
export interface RowsCase {
  readonly name: string
  run(): Promise<unknown>
}

/**
 * Calls to look at one after the other, on a GPU that does nothing, with the model at `model`. What a case makes before its `run` does
 * not count.
 */
export async function* rowsCases(model: string, numRows: number): AsyncGenerator<RowsCase> {
  const prompts = Array.from({ length: numRows }, (_, row) => `${INSTRUCTION} ${row}: ${textOf(row)}`)
  const engine = await open(model)
  yield { name: '`plan`', run: () => engine.plan(prompts, PARAMS) }
  yield { name: '`generate`, 2 tokens each', run: () => read(engine, prompts) }

  const watched = engine.generate(prompts, PARAMS)
  await watched.plan
  yield { name: '`inspect` while they wait', run: () => engine.inspect() }
  yield { name: '`watch` for 50 turns', run: () => watch(engine) }
  yield { name: '`stream` of another prompt', run: () => streamOne(engine) }
  yield { name: '`cancel`, and all results', run: () => ended(watched, () => watched.cancel()) }

  const stop = new AbortController()
  const stopped = engine.generate(prompts, PARAMS, { signal: stop.signal })
  await stopped.plan
  yield { name: '`signal` aborted', run: () => ended(stopped, () => stop.abort()) }

  const lines = prompts.map(prompt => JSON.stringify({ prompt, max_tokens: 2 }))
  yield { name: '`runJob`', run: () => runJob(engine, lines, { keepResponses: false }) }
  const jobs = jobsOf(engine)
  yield { name: '`jobs.start`, to its end', run: async () => (await jobs.start(lines, { id: 'rows' })).finished() }
  yield { name: '`jobs.open`, all results', run: async () => count((await jobs.open('rows')).results()) }
  yield { name: '`output`', run: async () => (await jobs.open('rows')).output().pipeTo(new WritableStream()) }
  await jobs.delete('rows')

  const left = engine.generate(prompts, PARAMS)
  await left.plan
  yield { name: '`dispose` while they wait', run: () => ended(left, () => engine.dispose()) }
}

/** Ends a generation, and waits for whatever comes of it. */
async function ended(generation: Generation, end: () => void): Promise<void> {
  end()
  await generation.all().catch(() => undefined)
}

/** Results as they come, none of which is kept. */
async function read(engine: Engine, prompts: readonly string[]): Promise<void> {
  for await (const { error } of engine.generate(prompts, PARAMS)) if (error) throw error
}

async function watch(engine: Engine): Promise<void> {
  const unwatch = engine.watch(() => undefined)
  for (let turn = 0; turn < 50; turn++) await pause()
  unwatch()
}

async function streamOne(engine: Engine): Promise<void> {
  for await (const _ of engine.stream('Hello', { maxTokens: 8, ignoreEos: true })) await pause()
}

async function count(results: AsyncIterable<BatchResponse>): Promise<number> {
  let seen = 0
  for await (const _ of results) seen++
  return seen
}

function textOf(row: number): string {
  return Array.from({ length: 12 }, (_, at) => WORDS[(row * (at + 7) + (row >> 4) + at * at) % WORDS.length]).join(' ')
}

function open(model: string): Promise<Engine> {
  const options = { contextLength: 256, blocks: 2 ** 14, cache: false, study: { tuning: false } } as const
  return createEngine(model, { ...options, gpu: nullGpu(() => undefined, { mapAsync: pause }) })
}
