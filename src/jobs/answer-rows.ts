import type { BatchRequest } from '../api/batch-request'
import { type BatchResponse, batchResponse, failedResponse } from '../api/batch-response'
import { abortError, type CoppiceError, InvalidRequest, UnsupportedModel } from '../core/errors'
import type { Priority } from '../core/priority'
import type { Engine } from '../engine/interface'
import type { Row } from './rows'
import { Signal } from './signal'

/** Rows that are planned together. The next are read when fewer than half of these are unanswered. */
export const WINDOW_ROWS = 4096
/** Bytes of requests that are planned together, at most, but for one row: what the page holds of a file. */
export const WINDOW_BYTES = 16 << 20

/** Attempts at a row that fails by what may pass. */
const MAX_ATTEMPTS = 3

export interface AnswerOptions {
  readonly model: string
  readonly maxTokens: number | undefined
  /** The time of all answers, in milliseconds since 1970. */
  readonly createdAt: number
  readonly priority: Priority
  readonly windowRows: number
  readonly signal: AbortSignal
  /** Takes an answer; the next comes when it is taken. */
  readonly keep: (response: BatchResponse) => Promise<void>
}

interface Attempt {
  readonly request: BatchRequest
  readonly number: number
}

/**
 * Answers rows, a window at a time, so that neither they nor their requests are ever in memory all together. Two windows
 * overlap, and share what they have in common as two calls do.
 * @throws the signal's reason · what the engine, `rows` or `keep` throws
 */
export async function answerRows(engine: Engine, rows: AsyncIterable<Row>, options: AnswerOptions): Promise<void> {
  const { model, maxTokens, createdAt, priority, windowRows, signal, keep } = options
  const stop = new AbortController()
  const answered = new Signal()
  const fail = (error: unknown) => {
    stop.abort(error)
    answered.notify()
  }
  const onAbort = () => fail(abortError(signal))
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  let numUnanswered = 0
  let again: Attempt[] = []
  const calls: Promise<void>[] = []

  const run = async (attempts: readonly Attempt[]) => {
    const prompts = attempts.map(({ request }) => request.prompt)
    const params = attempts.map(({ request }) =>
      maxTokens === undefined ? request.params : { maxTokens, ...request.params },
    )
    for await (const result of engine.generate(prompts, params, { signal: stop.signal, priority })) {
      if (result.finishReason === 'abort') continue
      const attempt = attempts[result.index]
      if (mayPass(result.error) && attempt.number < MAX_ATTEMPTS) again.push({ ...attempt, number: attempt.number + 1 })
      else await keep(batchResponse(attempt.request, result, model, createdAt))
      numUnanswered -= 1
      answered.notify()
    }
  }
  const start = (attempts: readonly Attempt[]) => {
    numUnanswered += attempts.length
    calls.push(run(attempts).catch(fail))
  }
  const untilUnanswered = async (most: number) => {
    while (numUnanswered > most && !stop.signal.aborted) await answered.next
    stop.signal.throwIfAborted()
  }
  try {
    for await (const some of windows(rows, windowRows)) {
      stop.signal.throwIfAborted()
      const attempts: Attempt[] = []
      for (const { line, customId, outcome } of some) {
        if (outcome instanceof InvalidRequest) await keep(failedResponse(line, customId, outcome))
        else attempts.push({ request: { customId, ...outcome }, number: 1 })
      }
      await untilUnanswered(windowRows / 2)
      if (attempts.length > 0) start(attempts)
    }
    await untilUnanswered(0)
    for (let round = again; round.length > 0; round = again) {
      again = []
      start(round)
      await untilUnanswered(0)
    }
  } catch (error) {
    fail(error)
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    await Promise.allSettled(calls)
  }
}

/** Whether another attempt may do better. What is wrong with a request or a model stays so. */
function mayPass(error: CoppiceError | undefined): boolean {
  return error !== undefined && !(error instanceof InvalidRequest) && !(error instanceof UnsupportedModel)
}

async function* windows(rows: AsyncIterable<Row>, maxRows: number): AsyncGenerator<readonly Row[], void, undefined> {
  let some: Row[] = []
  let bytes = 0
  for await (const row of rows) {
    if (some.length === maxRows || (some.length > 0 && bytes + row.bytes > WINDOW_BYTES)) {
      yield some
      some = []
      bytes = 0
    }
    some.push(row)
    bytes += row.bytes
  }
  if (some.length > 0) yield some
}
