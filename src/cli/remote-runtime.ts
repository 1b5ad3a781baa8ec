import { createReadStream } from 'node:fs'
import { type Enveloped, kindOf, openLine } from '../api/batch-request'
import { failedResponse } from '../api/batch-response'
import { type NamedLine, readNamedLines } from '../api/named-lines'
import type { BatchResponse, JobSummary } from '../batch'
import { readLines } from '../batch'
import { InvalidRequest } from '../core/errors'
import { isJsonObject, type JsonObject, jsonObjects } from '../core/json'
import { shownJson } from '../core/shown'
import type { RemoteServer } from './job-options'
import type { JobRuntime } from './job-runtime'
import { KeyRefused, messageOf, REMOTE_POLICY, Remote, type RemoteAnswer, RemoteFailed } from './remote-server'

/** A request as it is sent. */
interface Sent {
  /** The path below `/v1`. */
  readonly path: string
  /** JSON. */
  readonly body: string
}

/** Requests in a row that fail, whatever is tried, after which the server counts as gone and the job as interrupted. */
const MAX_FAILURES = 8

/** Runs a job at a server of OpenAI's API. It gets what the lines say, so it may know more fields than ours. */
export const runAt =
  (server: RemoteServer, policy = REMOTE_POLICY): JobRuntime =>
  async ({ path, answered, maxTokens }, events, signal) => {
    const began = performance.now()
    const remote = new Remote(server, policy, signal)
    const model = server.model ?? (await firstModelOf(remote))
    const read = (request: Enveloped) =>
      sentFor(request, { model, isModelFixed: server.model !== undefined, maxTokens })
    const lines = readLines(createReadStream(path))
    const all = await readNamedLines(lines, (text, line) => openLine(text, line, read), signal)
    const waiting = all.filter(({ key, line }) => {
      if (answered.has(key)) events.onAnswer({ key, line })
      return !answered.has(key)
    })

    const count = { done: 0, failed: 0, promptTokens: 0, savedTokens: 0, decodeTokens: 0 }
    const respond = (key: string, response: BatchResponse) => {
      count.done += 1
      if (response.error) count.failed += 1
      else addUsage(count, response.response?.body)
      events.onAnswer({ key, response })
      const { done, decodeTokens } = count
      events.onProgress({ done, total: waiting.length, decodeTokens, elapsedMs: performance.now() - began })
    }
    let failuresInARow = 0
    const serve = async ({ key, line, customId, outcome }: NamedLine<Sent>) => {
      if (outcome instanceof InvalidRequest) return respond(key, failedResponse(line, customId, outcome))
      try {
        respond(key, responseOf(line, customId, await remote.ask(outcome.path, outcome.body)))
        failuresInARow = 0
      } catch (error) {
        const isOneOfMany = error instanceof RemoteFailed && !(error instanceof KeyRefused)
        if (!isOneOfMany || ++failuresInARow >= MAX_FAILURES) throw error
        const { name, message } = error
        respond(key, failedResponse(line, customId, { name, message: `Line ${line}: ${message}` }))
      }
    }
    await forEach(waiting, server.concurrency, serve)
    return summaryOf(all.length, count, performance.now() - began, remote.name)
  }

/** The first of the models that the server lists, for lines that name none; nothing, if it lists none. @throws RemoteFailed */
async function firstModelOf(remote: Remote): Promise<string | undefined> {
  const { body } = await remote.ask('/models')
  const [first] = jsonObjects(body.data)
  return typeof first?.id === 'string' ? first.id : undefined
}

function sentFor(
  { url, body }: Enveloped,
  given: { readonly model?: string; readonly isModelFixed: boolean; readonly maxTokens?: number },
): Sent {
  if (!isJsonObject(body)) throw new InvalidRequest('`body` must be an object.')
  if (url !== undefined && (typeof url !== 'string' || !url.startsWith('/v1/'))) {
    throw new InvalidRequest(`\`url\` is ${shownJson(url)}, but must begin with /v1/.`)
  }
  if (body.stream === true) throw new InvalidRequest('`stream` is true, but only false is supported.')
  const path = url?.slice('/v1'.length) ?? (kindOf(body) === 'chat' ? '/chat/completions' : '/completions')
  const { model, isModelFixed, maxTokens } = given
  const asksModel = model !== undefined && (isModelFixed || (body.model ?? undefined) === undefined)
  const asksLength =
    maxTokens !== undefined && (body.max_tokens ?? body.max_completion_tokens ?? undefined) === undefined
  const added = { ...(asksModel ? { model } : {}), ...(asksLength ? { max_tokens: maxTokens } : {}) }
  return { path, body: JSON.stringify({ ...body, ...added }) }
}

function responseOf(line: number, customId: string, { status, body, requestId }: RemoteAnswer): BatchResponse {
  if (status !== 200) {
    const message = `Line ${line}: the server answers ${status}: ${messageOf(body)}`
    return failedResponse(line, customId, { name: 'InvalidRequest', message })
  }
  const id = typeof body.id === 'string' ? body.id : (requestId ?? `remote-${line}`)
  return {
    id: `batch_req_${line}`,
    custom_id: customId,
    response: { status_code: 200, request_id: id, body },
    error: null,
  }
}

interface Count {
  readonly failed: number
  promptTokens: number
  savedTokens: number
  decodeTokens: number
}

function addUsage(count: Count, body: object | undefined): void {
  const { usage } = (body ?? {}) as JsonObject
  if (!isJsonObject(usage)) return
  const { prompt_tokens: prompt, completion_tokens: completion, prompt_tokens_details: details } = usage
  const cached = isJsonObject(details) ? details.cached_tokens : 0
  const number = (value: unknown) => (typeof value === 'number' ? value : 0)
  count.promptTokens += number(prompt)
  count.decodeTokens += number(completion)
  count.savedTokens += number(cached)
}

/** The summary of a job elsewhere: of what goes on in the server nothing is known. */
function summaryOf(requests: number, count: Count, wallMs: number, name: string): JobSummary {
  const { failed, promptTokens, savedTokens, decodeTokens } = count
  return {
    requests,
    failed,
    promptTokens,
    savedTokens,
    decodeTokens,
    prefillTokens: promptTokens - savedTokens,
    wallMs,
    tokensPerSecond: wallMs === 0 ? 0 : decodeTokens / (wallMs / 1000),
    treeTokens: 0,
    steps: 0,
    tokensPerStep: 0,
    peakBlocks: 0,
    kvBytesRead: 0,
    adapter: name,
    weights: [],
    decisions: [],
  }
}

/** Does `work` for each, so many at once, in their order. Rejects with the first error, when none is under way any more. */
async function forEach<T>(values: readonly T[], concurrency: number, work: (value: T) => Promise<void>): Promise<void> {
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const worker = async () => {
    while (next < values.length && !failure) {
      try {
        await work(values[next++])
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  if (failure) throw failure.error
}
