/** The page in which `npm run bench:people` measures what people notice of an engine that works. */
import { createEngine as createRemoteEngine } from '../../client'
import { pause } from '../../core/pause'
import { createEngine, type Engine, type Message } from '../../index'
import { nullGpu } from '../common/null-gpu'
import { type Chat, type ChatShape, type Job, type JobShape, runChat, runJob } from './chat'
import { framesOf } from './frames'
import { type LongTasks, longTasksOf } from './long-tasks'
import { type RowsCase, rowsCases } from './rows'

/** The place of an engine, and whether it holds itself to a page's frames. */
export type Place = 'on' | 'off' | 'worker'

declare global {
  interface Window {
    /** Opens the engine that has a chat beside a job. */
    openForChat(model: string, blocks: number, frameMs: number | undefined): Promise<void>
    /** Chats of which each is alone. */
    idleChats(shape: ChatShape, count: number): Promise<readonly Chat[]>
    /** A job, with so many chats beside it. */
    jobWithChats(job: JobShape, chat: ChatShape, count: number): Promise<Job>
    /** Gaps between frames while nothing else is done. */
    idleFrames(ms: number): Promise<readonly number[]>
    /** Gaps while a prompt of so many tokens is computed, and the tokens after it are. */
    prefillFrames(place: Place, model: string, numTokens: number): Promise<readonly number[]>
    /** Gaps while so many chats are read and planned, on a GPU that does nothing. */
    encodeFrames(place: Place, model: string, numChats: number): Promise<readonly number[]>
    /** Makes the next call with very many rows ready, and says its name; undefined after the last. */
    nextRowsCase(model: string, numRows: number): Promise<string | undefined>
    runRowsCase(): Promise<LongTasks & { readonly ms: number }>
  }
}

let engine: Engine | undefined

function opened(): Engine {
  if (!engine) throw new Error('no engine is open')
  return engine
}

window.openForChat = async (model, blocks, frameMs) => {
  engine?.dispose()
  engine = await createEngine(model, { blocks, contextLength: 512, cache: false, frameMs })
}

window.idleChats = async (shape, count) => {
  const chats: Chat[] = []
  while (chats.length < count) chats.push(await runChat(opened(), shape, chats.length))
  return chats
}

window.jobWithChats = (job, chat, count) =>
  runJob(
    opened(),
    job,
    Array.from({ length: count }, (_, seed) => () => runChat(opened(), chat, seed)),
  )

window.idleFrames = ms => framesOf(() => new Promise(resolve => setTimeout(resolve, ms)))

window.prefillFrames = async (place, model, numTokens) => {
  const options = { contextLength: numTokens + 16, blocks: Math.ceil(numTokens / 16) + 64, cache: false } as const
  const frameMs = place === 'off' ? Number.POSITIVE_INFINITY : undefined
  const make = place === 'worker' ? createRemoteEngine : createEngine
  const running = await make(model, { ...options, frameMs })
  const prompt = Array.from({ length: numTokens }, (_, index) => 300 + ((index * 7919) % 3000))
  // kernels are compiled and steps timed before anybody looks
  await running.generate([prompt.slice(0, 600).reverse()], { maxTokens: 2, ignoreEos: true }).all()
  const gaps = await framesOf(() => running.generate([prompt], { maxTokens: 8, ignoreEos: true }).all())
  running.dispose()
  return gaps
}

window.encodeFrames = async (place, model, numChats) => {
  const options = { contextLength: 1024, blocks: 2 ** 15, cache: false, study: { tuning: false } } as const
  const workerUrl = new URL('../worker/null-host.ts', import.meta.url)
  const running =
    place === 'worker'
      ? await createRemoteEngine(model, { ...options, workerUrl, packing: { worker: false } })
      : await createEngine(model, { ...options, gpu: nullGpu(() => undefined, { mapAsync: pause }) })
  const instruction = 'Say in one word which team this is for, billing, shipping or technical. '.repeat(30)
  const chats = Array.from({ length: numChats }, (_, index): readonly Message[] => [
    { role: 'system', content: instruction },
    { role: 'user', content: `${index}: the order of ${index * 37} came late and part ${index % 91} was missing.` },
  ])
  const gaps = await framesOf(() => running.plan(chats, { maxTokens: 4 }))
  running.dispose()
  return gaps
}

let cases: AsyncGenerator<RowsCase> | undefined
let current: RowsCase | undefined

window.nextRowsCase = async (model, numRows) => {
  cases ??= rowsCases(model, numRows)
  const { done, value } = await cases.next()
  current = done ? undefined : value
  return current?.name
}

window.runRowsCase = async () => {
  const { run } = current ?? { run: async () => undefined }
  return longTasksOf(run)
}
