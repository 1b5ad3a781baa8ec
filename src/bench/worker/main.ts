/** The page in which `npm run bench:worker` compares an engine in a worker with one on the page's own thread. */
import { createEngine as createRemoteEngine } from '../../client'
import { pause } from '../../core/pause'
import { createEngine, type Engine } from '../../index'
import { CONNECT } from '../../worker/protocol'
import { nullGpu } from '../common/null-gpu'

export type Place = 'page' | 'worker'

declare global {
  interface Window {
    /** Makes an engine in the place, on a GPU that does nothing. */
    openNull(place: Place, model: string): Promise<void>
    /** Likewise on the browser's adapter, in both with no bound for a page's frames. */
    openReal(place: Place, model: string): Promise<void>
    /** Milliseconds to the first text of a prompt. */
    firstTokenMs(place: Place): Promise<number>
    /** Tokens a second of 64 prompts of 64 tokens each, their texts heard as they come or not. */
    tokensPerSecond(place: Place, isHeard: boolean): Promise<number>
    /** Prepares the prompts of a job. */
    prepareJob(numRows: number): void
    /** Runs it, keeping no result; the tokens that came. */
    runJob(place: Place): Promise<number>
    /** Opens the engine that tabs share; milliseconds to its first text, and the bytes that its worker has made on the GPU. */
    openShared(model: string): Promise<readonly [ms: number, bytes: number]>
  }
}

const OPTIONS = { contextLength: 1024, blocks: 2 ** 14, cache: false, study: { tuning: false } } as const
const PROMPTS = Array.from({ length: 64 }, (_, index) => `Row ${index}: the order came late and a part was missing.`)
/** By which the library names its worker: it is the same one. */
const SHARED = { type: 'module', name: CONNECT, extendedLifetime: true } as WorkerOptions
const engines = new Map<Place, Engine>()
let rows: string[] = []

function engineOf(place: Place): Engine {
  const engine = engines.get(place)
  if (!engine) throw new Error(`no engine is open in the ${place}`)
  return engine
}

async function openedIn(place: Place, opening: Promise<Engine>): Promise<void> {
  engines.get(place)?.dispose()
  engines.set(place, await opening)
}

window.openNull = async (place, model) => {
  const gpu = nullGpu(() => undefined, { mapAsync: pause })
  const workerUrl = new URL('./null-host.ts', import.meta.url)
  const opening =
    place === 'page'
      ? createEngine(model, { ...OPTIONS, gpu })
      : createRemoteEngine(model, { ...OPTIONS, workerUrl, packing: { worker: false } })
  await openedIn(place, opening)
}

window.openReal = async (place, model) => {
  const create = place === 'page' ? createEngine : createRemoteEngine
  await openedIn(place, create(model, { ...OPTIONS, blocks: 1024, frameMs: Number.POSITIVE_INFINITY }))
}

window.firstTokenMs = async place => {
  const began = performance.now()
  const stream = engineOf(place).stream('Once upon a time', { maxTokens: 8, ignoreEos: true })
  await stream.next()
  const ms = performance.now() - began
  await stream.return(undefined as never)
  return ms
}

window.tokensPerSecond = async (place, isHeard) => {
  const onText = isHeard ? () => undefined : undefined
  const began = performance.now()
  const results = await engineOf(place).generate(PROMPTS, { maxTokens: 64, ignoreEos: true }, { onText }).all()
  const tokens = results.reduce((sum, { usage }) => sum + usage.completionTokens, 0)
  return (1000 * tokens) / (performance.now() - began)
}

window.prepareJob = numRows => {
  const instruction = 'Say in one word which team this is for, billing, shipping or technical. '.repeat(4)
  rows = Array.from({ length: numRows }, (_, index) => `${instruction}\n${index}: ${PROMPTS[index % PROMPTS.length]}`)
}

window.runJob = async place => {
  let tokens = 0
  const job = engineOf(place).generate(rows, { maxTokens: 16, ignoreEos: true }, { priority: 'background' })
  for await (const { usage } of job) tokens += usage.completionTokens
  return tokens
}

window.openShared = async model => {
  const began = performance.now()
  const workerUrl = new URL('./counting-host.ts', import.meta.url)
  const small = { contextLength: 256, blocks: 64, tokenBudget: 32, cache: false } as const
  const engine = await createRemoteEngine(model, { ...small, worker: 'shared', workerUrl })
  const stream = engine.stream('Once upon a time', { maxTokens: 8, ignoreEos: true })
  await stream.next()
  const ms = performance.now() - began
  const { port } = new SharedWorker(workerUrl, SHARED)
  port.postMessage('bytes')
  return new Promise(resolve => {
    port.onmessage = ({ data }) => resolve([ms, data])
  })
}
