// What an app's compiler is to know of the library; with full checks, also of its declarations.
import { CoppiceError, createEngine, type Engine, type EngineOptions, type GenerationResult } from 'coppice'
import { type BatchResponse, runJob } from 'coppice/batch'
import { createEngine as createWorkerEngine, WorkerFailed } from 'coppice/client'
import { type ChatCompletion, openai } from 'coppice/openai'

const options: EngineOptions = {
  packing: { worker: () => new Worker('worker.js'), workerUrl: new URL('https://example.org/') },
}

/** An engine in a worker is an engine, and its errors are those of the others. */
export async function away(worker: Worker): Promise<Engine> {
  const engine = await createWorkerEngine('org/name', { worker, weights: 'f16' })
  await createWorkerEngine('org/name', { worker: 'shared', graceMs: 1000 })
  const reason = await engine.lost
  if (reason instanceof WorkerFailed && reason.name !== 'WorkerFailed') throw reason
  // @ts-expect-error: a device stays on its thread
  createWorkerEngine('org/name', { device: {} as GPUDevice })
  return engine
}

/** An answer is whole or in pieces, as its request says. */
export async function chat(engine: Engine): Promise<string> {
  const { completions } = openai(engine).chat
  const messages = [{ role: 'user', content: 'a' }]
  const whole: ChatCompletion = await completions.create({ messages, n: 2 })
  // @ts-expect-error: nobody asked for pieces
  for await (const piece of whole) return piece
  let text = whole.choices[0].message.content ?? ''
  for await (const { choices } of await completions.create({ messages, stream: true }))
    text += choices[0].delta.content ?? ''
  return text
}

export async function run(device: GPUDevice): Promise<number | undefined> {
  try {
    const engine: Engine = await createEngine('org/name', { ...options, device })
    const results: GenerationResult[] = await engine.generate(['a'], { maxTokens: 3 }).all()
    const ids: number[] = await engine.tokenize([{ role: 'user', content: 'a' }])
    const job: { readonly responses: BatchResponse[] } = await runJob(engine, [JSON.stringify({ prompt: ids })])
    if (job.responses[0].error) return job.responses[0].error.line
    // @ts-expect-error: what leaves attention out answers wrongly
    createEngine('org/name', { study: { attention: 'skip' } })
    // @ts-expect-error: results are not `any`
    results[0].nothing
    return results.length
  } catch (error) {
    if (!(error instanceof CoppiceError)) throw error
    switch (error.name) {
      case 'DownloadFailed':
        return error.status
      // @ts-expect-error: no error has this name
      case 'NoSuchError':
        return 0
      default:
        return undefined
    }
  }
}
