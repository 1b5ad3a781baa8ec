/** The page whose jobs `npm run kill` ends in every way, to see that they go on. */
import { type DurableJob, type DurableProgress, jobsOf } from '../../batch'
import { createEngine as createInWorker } from '../../client'
import { createEngine, type Engine } from '../../index'
import nullHost from './null-host.ts?worker&url'
import { slowNullGpu } from './slow-null-gpu'

/** The job that the command asks for. */
export interface KillSetup {
  readonly id: string
  readonly model: string
  readonly rows: number
  readonly isNull: boolean
  readonly isInWorker: boolean
}

interface Ended {
  readonly output: string
  /** Answers as they came, by name. */
  readonly ids: readonly string[]
}

declare global {
  interface Window {
    /** Loads the model. Resolves with the error's name if that fails. */
    loadForJob(setup: KillSetup): Promise<string | undefined>
    /** Begins the job, or goes on with it. */
    beginJob(setup: KillSetup): Promise<void>
    jobProgress(): DurableProgress | undefined
    /** Resolves when the job is over here: with what it has, or the error's name. */
    endOfJob(): Promise<Ended | string>
    resumeJob(): Promise<void>
    /** Takes the GPU away, or ends the engine's worker. */
    loseEngine(): void
  }
}

let engine: Engine | undefined
let job: DurableJob | undefined
let lose = () => {
  // nothing to lose yet
}

window.loadForJob = async setup => {
  try {
    engine = await open(setup)
    return undefined
  } catch (error) {
    return (error as Error).name
  }
}

async function open({ model, isNull, isInWorker }: KillSetup): Promise<Engine> {
  const options = { cache: false, blocks: 256, tokenBudget: 16 } as const
  if (isInWorker) {
    const worker = isNull ? new Worker(nullHost, { type: 'module' }) : undefined
    if (worker) await new Promise(resolve => worker.addEventListener('message', resolve, { once: true }))
    const there = await createInWorker(model, { ...options, worker: worker ?? true })
    lose = () => (worker ? worker.terminate() : there.dispose())
    return there
  }
  if (isNull) {
    const gpu = slowNullGpu(
      new Promise(resolve => {
        lose = () => resolve({ reason: 'destroyed', message: 'lost for the test' })
      }),
    )
    return createEngine(model, { ...options, study: { tuning: false }, gpu })
  }
  const adapter = await navigator.gpu.requestAdapter()
  const device = await adapter?.requestDevice()
  if (!device) throw new Error('no device')
  lose = () => device.destroy()
  return createEngine(model, { ...options, device })
}

window.beginJob = async ({ id, rows }) => {
  const jobs = jobsOf(engine)
  const isThere = (await jobs.list()).some(each => each.id === id)
  job = isThere ? await jobs.open(id) : await jobs.start(requests(rows), { id })
}

window.jobProgress = () => job?.progress

window.endOfJob = async () => {
  if (!job) return 'none'
  try {
    await job.finished()
    const ids: string[] = []
    for await (const { custom_id: id } of job.results()) ids.push(id)
    return { output: await new Response(job.output()).text(), ids }
  } catch (error) {
    return (error as Error).name
  }
}

window.resumeJob = async () => job?.resume()

window.loseEngine = () => lose()

/** Requests whose answers differ whatever computes them: by their prompts' tokens and their lengths. */
function requests(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    custom_id: `row-${index}`,
    prompt: `${index} bottles of ${['milk', 'ink', 'rain'][index % 3]}`,
    max_tokens: 1 + (index % 9),
    temperature: index % 2,
    ignore_eos: true,
    return_token_ids: true,
  }))
}
