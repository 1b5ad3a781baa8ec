import { InvalidRequest } from '../core/errors'
import type { Engine } from '../engine/engine'
import type { GenerationParams } from '../engine/sampling-params'
import type { WeightKind } from '../engine/weight-report'
import { type BatchRequest, customIdOf, parseBatchRequest } from './batch-request'
import { type BatchResponse, batchResponse, failedResponse } from './batch-response'

export interface JobOptions {
  /** For requests that do not say how many tokens they want. */
  readonly maxTokens?: number
  /** What responses call the model; default: where it was loaded from. */
  readonly modelName?: string
  readonly signal?: AbortSignal
  /** A response is ready; called in the order in which they finish. */
  readonly onResponse?: (response: BatchResponse) => void
  readonly onProgress?: (progress: JobProgress) => void
}

export interface JobProgress {
  readonly done: number
  readonly total: number
  /** Generated so far. */
  readonly decodeTokens: number
  /** Since the job began. */
  readonly elapsedMs: number
}

/** What a job did. Counts are of tokens unless their name says otherwise. */
export interface JobSummary {
  readonly requests: number
  readonly failed: number
  /** In all prompts. */
  readonly promptTokens: number
  /** The size of the prompts' prefix tree: no sharing could compute fewer. */
  readonly treeTokens: number
  /** Computed for prompts, again after a preemption included. */
  readonly prefillTokens: number
  /** Of prompts, taken over from others or from earlier calls instead of computed. */
  readonly savedTokens: number
  /** Generated. */
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
  /** What the model's weights were kept as, and what was lost by that. */
  readonly weights: readonly WeightKind[]
  /** What was chosen where an option was `auto`, and why. */
  readonly decisions: readonly string[]
}

/**
 * Runs a job, given as JSONL lines in OpenAI's Batch format (or bare `{prompt}` / `{messages}`). A bad line, or a prompt
 * that cannot be served, fails that line alone. Responses come in input order. On abort, requests under way get none.
 * @throws the signal's reason on abort; what `engine.generate` throws when the engine itself fails
 */
export async function runJob(
  engine: Engine,
  lines: readonly string[],
  options: JobOptions = {},
): Promise<{ responses: BatchResponse[]; summary: JobSummary }> {
  const { modelName = engine.modelName } = options
  const began = performance.now()
  const before = engine.stats()
  const responses: BatchResponse[] = []
  const requests: { readonly request: BatchRequest; readonly position: number }[] = []
  const params: GenerationParams[] = []
  let decodeTokens = 0
  let promptTokens = 0
  let done = 0

  const respond = (position: number, response: BatchResponse) => {
    responses[position] = response
    done += 1
    options.onResponse?.(response)
    options.onProgress?.({ done, total: texts.length, decodeTokens, elapsedMs: performance.now() - began })
  }
  const tokenText = (id: number) => engine.tokenizer.decode([id], { skipSpecialTokens: false })
  const texts = lines.map((text, index) => ({ text, line: index + 1 })).filter(({ text }) => text.trim() !== '')
  texts.forEach(({ text, line }, position) => {
    try {
      const request = parseBatchRequest(text, line)
      const given =
        options.maxTokens === undefined ? request.params : { maxTokens: options.maxTokens, ...request.params }
      engine.checkParams(given, `Line ${line}`)
      requests.push({ request, position })
      params.push(given)
    } catch (error) {
      if (!(error instanceof InvalidRequest)) throw error
      respond(position, failedResponse(line, customIdOf(text, line), error))
    }
  })

  const generation = engine.generate(
    requests.map(({ request }) => request.prompt),
    params,
    { signal: options.signal },
  )
  for await (const result of generation) {
    if (result.finishReason === 'abort') continue
    const { request, position } = requests[result.index]
    decodeTokens += result.usage.completionTokens
    promptTokens += result.usage.promptTokens
    respond(position, batchResponse(request, result, modelName, tokenText))
  }

  const after = engine.stats()
  const wallMs = performance.now() - began
  const steps = after.steps - before.steps
  return {
    responses,
    summary: {
      requests: texts.length,
      failed: responses.filter(response => response.error).length,
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
