import { InvalidRequest } from '../core/errors'
import type { Engine } from '../engine/interface'
import type { WeightKind } from '../engine/open/weight-report'
import { requestModel } from './api-request'
import { type BatchRequest, readLine } from './batch-request'
import { type BatchResponse, batchResponse, failedResponse } from './batch-response'
import type { Line } from './lines'
import { readNamedLines } from './named-lines'
import type { ToolFormatName } from './tools/formats'

export interface JobOptions {
  /** For requests that do not say how many tokens they want. */
  readonly maxTokens?: number
  /** The model's name in responses; default: where it was loaded from. */
  readonly modelName?: string
  /** How the model writes calls of tools; default: as its chat template teaches it. */
  readonly toolFormat?: ToolFormatName
  readonly signal?: AbortSignal
  /**
   * Whether an earlier run has answered a request, which is then left out. `key`: its `custom_id` with a hash of its
   * line, as `onResponse` gave it.
   */
  readonly isAnswered?: (key: string, line: number) => boolean
  /** A response is ready; called in the order in which they finish. */
  readonly onResponse?: (response: BatchResponse, key: string) => void
  /** Keep all responses for the result; default true. Without, a job of any size takes no more memory for them. */
  readonly keepResponses?: boolean
  readonly onProgress?: (progress: JobProgress) => void
}

/** Progress through the requests that no earlier run has answered. */
export interface JobProgress {
  readonly done: number
  readonly total: number
  /** Generated so far. */
  readonly decodeTokens: number
  /** Since the job began. */
  readonly elapsedMs: number
}

/** The summary of a job. Counts are of tokens unless their name says otherwise. */
export interface JobSummary {
  readonly requests: number
  /** Requests that failed, of those that this run answered. */
  readonly failed: number
  /** Tokens of all prompts. */
  readonly promptTokens: number
  /** The size of the prompts' prefix tree: no sharing could compute fewer. */
  readonly treeTokens: number
  /** Computed for prompts, again after a preemption included. */
  readonly prefillTokens: number
  /** Tokens of prompts taken over from others or from earlier calls instead of computed. */
  readonly savedTokens: number
  /** Tokens generated. */
  readonly decodeTokens: number
  /** From the first request to the last answer, without loading the model. */
  readonly wallMs: number
  /** Generated tokens per second of `wallMs`. */
  readonly tokensPerSecond: number
  readonly steps: number
  /** Mean tokens computed in a step. */
  readonly tokensPerStep: number
  /** Most KV blocks in use at once. */
  readonly peakBlocks: number
  /** Bytes of K and V that attention read, in all layers. */
  readonly kvBytesRead: number
  readonly adapter: string
  /** The formats that the model's weights were kept in, and what was lost by that. */
  readonly weights: readonly WeightKind[]
  /** The choices made where an option was `auto`, and why. */
  readonly decisions: readonly string[]
}

/**
 * Runs a job, given as JSONL lines in OpenAI's Batch format (or bare `{prompt}` / `{messages}`): an array, or anything
 * that can be iterated, of texts or their bytes (`readLines(file.stream())`). A bad line, or a prompt that cannot be
 * served, fails that line alone. It is a background call, which gives way to all others. Responses come in input order. On abort, requests under way get none.
 * @throws the signal's reason on abort; what `lines` throws; what `engine.generate` throws when the engine itself fails
 */
export async function runJob(
  engine: Engine,
  lines: Iterable<Line> | AsyncIterable<Line>,
  options: JobOptions = {},
): Promise<{ responses: BatchResponse[]; summary: JobSummary }> {
  const { modelName = engine.modelName, maxTokens, signal, keepResponses = true } = options
  const began = performance.now()
  const before = await engine.stats()
  const model = requestModel(engine, options.toolFormat)
  const all = await readNamedLines(lines, (text, line) => readLine(text, line, model), signal)
  const waiting = all.filter(({ key, line }) => !options.isAnswered?.(key, line))

  const responses: BatchResponse[] = []
  let failed = 0
  let decodeTokens = 0
  let promptTokens = 0
  let done = 0
  const respond = (position: number, response: BatchResponse) => {
    if (keepResponses) responses[position] = response
    if (response.error) failed += 1
    done += 1
    options.onResponse?.(response, waiting[position].key)
    options.onProgress?.({ done, total: waiting.length, decodeTokens, elapsedMs: performance.now() - began })
  }
  const requests: { readonly request: BatchRequest; readonly position: number }[] = []
  waiting.forEach(({ line, customId, outcome }, position) => {
    if (outcome instanceof InvalidRequest) respond(position, failedResponse(line, customId, outcome))
    else requests.push({ request: { customId, ...outcome }, position })
  })

  const generation = engine.generate(
    requests.map(({ request }) => request.prompt),
    requests.map(({ request }) => (maxTokens === undefined ? request.params : { maxTokens, ...request.params })),
    { signal, priority: 'background' },
  )
  for await (const result of generation) {
    if (result.finishReason === 'abort') continue
    const { request, position } = requests[result.index]
    decodeTokens += result.usage.completionTokens
    promptTokens += result.usage.promptTokens
    respond(position, batchResponse(request, result, modelName))
  }

  const after = await engine.stats()
  const wallMs = performance.now() - began
  const steps = after.steps - before.steps
  return {
    responses,
    summary: {
      requests: all.length,
      failed,
      promptTokens,
      treeTokens: (await generation.plan).treeTokens,
      prefillTokens: after.prefillTokens - before.prefillTokens,
      savedTokens: after.savedTokens - before.savedTokens,
      decodeTokens,
      wallMs,
      tokensPerSecond: wallMs === 0 ? 0 : decodeTokens / (wallMs / 1000),
      steps,
      tokensPerStep: steps === 0 ? 0 : (after.computedTokens - before.computedTokens) / steps,
      peakBlocks: after.peakBlocks,
      kvBytesRead: after.kvBytesRead - before.kvBytesRead,
      adapter: after.adapter,
      weights: engine.weights,
      decisions: engine.decisions,
    },
  }
}
