import { Deferred } from '../../core/deferred'
import type { Engine } from '../../index'
import { requests } from '../common/workloads'

/** The rows of a job, each with tokens of its own: together they need more blocks than there are. */
export interface JobShape {
  readonly rows: number
  readonly prompt: number
  readonly out: number
}

export interface ChatShape {
  readonly prompt: number
  readonly out: number
}

/** A chat as the one who reads it sees it. */
export interface Chat {
  /** From the call to the first text. */
  readonly firstMs: number
  /** Between one text and the next. */
  readonly gaps: readonly number[]
  /** Steps from the call to the one that drew the first token, with it; those that were decided before the call do not count. */
  readonly steps: number
  readonly tokenIds: readonly number[]
}

export interface Job {
  readonly ms: number
  readonly preemptions: number
  readonly chats: readonly Chat[]
  /** The answers, to compare. */
  readonly tokenIds: readonly (readonly number[])[]
}

/** Runs a job, and beside it so many chats one after the other, once all that its rows reserve fills the cache. */
export async function runJob(engine: Engine, shape: JobShape, chats: readonly (() => Promise<Chat>)[]): Promise<Job> {
  const { rows, prompt, out } = shape
  const tree = { kind: 'tree', levels: [{ fanout: rows, tokens: prompt }], out, timing: 'whole' } as const
  const prompts = requests(tree, { seed: 1, vocabSize: engine.config.vocabSize }).map(({ tokens }) => tokens)
  const before = (await engine.stats()).preemptions
  const began = performance.now()
  const running = engine.generate(prompts, { maxTokens: out, ignoreEos: true }, { priority: 'background' })
  const results = running.all()
  const seen: Chat[] = []
  if (chats.length > 0) await untilFull(engine)
  for (const chat of chats) seen.push(await chat())
  const tokenIds = (await results).map(result => result.tokenIds)
  const ms = performance.now() - began
  return { ms, preemptions: (await engine.stats()).preemptions - before, chats: seen, tokenIds }
}

async function untilFull(engine: Engine): Promise<void> {
  for (;;) {
    const { counts } = await engine.inspect()
    if (counts.waiting > 0 && counts.decodeTokens > 0 && counts.running > 1) return
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** One chat. `seed`: of its prompt. */
export async function runChat(engine: Engine, { prompt, out }: ChatShape, seed: number): Promise<Chat> {
  const tree = { kind: 'tree', levels: [{ fanout: 1, tokens: prompt }], out, timing: 'whole' } as const
  const [{ tokens }] = requests(tree, { seed: 100 + seed, vocabSize: engine.config.vocabSize })
  const steps = stepsToFirst(engine)
  // the first event is there: from now on nothing is loaded
  await steps.ready
  const arrivals: number[] = []
  const decided = engine.stats()
  const began = performance.now()
  const stream = engine.stream(tokens, { maxTokens: out, ignoreEos: true })
  let next = await stream.next()
  for (; !next.done; next = await stream.next()) arrivals.push(performance.now())
  return {
    firstMs: arrivals[0] - began,
    gaps: arrivals.slice(1).map((at, index) => at - arrivals[index]),
    steps: (await steps.first) - (await decided).steps,
    tokenIds: next.value.tokenIds,
  }
}

/** The number of the step that draws the first token of the next call of one prompt. */
function stepsToFirst(engine: Engine): { readonly ready: Promise<void>; readonly first: Promise<number> } {
  const [ready, first] = [new Deferred<void>(), new Deferred<number>()]
  let sequence: number | undefined
  const unwatch = engine.watch(events => {
    for (const event of events) {
      if (event.kind === 'snapshot') ready.resolve()
      else if (event.kind === 'call' && event.size === 1) sequence = event.first
      else if (event.kind === 'step') {
        for (let at = 0; at < event.chunks.length; at += 4) {
          if (event.chunks[at] !== sequence || event.chunks[at + 3] === 0) continue
          first.resolve(event.step)
          unwatch()
          return
        }
      }
    }
  })
  return { ready: ready.promise, first: first.promise }
}
