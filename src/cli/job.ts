import { readFile, writeFile } from 'node:fs/promises'
import type { BatchResponse, JobSummary } from '../index'
import { runInChrome } from './chrome-runtime'
import { type JobCommand, parseJobCommand, USAGE, UsageError } from './job-options'
import { runInNode } from './node-runtime'
import { progressBar } from './progress-bar'
import { resolveModel } from './serve'

const EXIT = { ok: 0, someFailed: 1, usage: 2, model: 3, device: 4, interrupted: 130 }

/** Names of the engine's errors, by the exit code they lead to; others are bugs and show their stack. */
const EXIT_OF_ERROR: Readonly<Record<string, number>> = {
  UsageError: EXIT.usage,
  InvalidRequest: EXIT.usage,
  UnsupportedModel: EXIT.model,
  CorruptCheckpoint: EXIT.model,
  DownloadFailed: EXIT.model,
  OutOfMemory: EXIT.model,
  UnsupportedDevice: EXIT.device,
  DeviceLost: EXIT.device,
  AbortError: EXIT.interrupted,
}

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return EXIT.ok
  }
  try {
    const summary = await run(parseJobCommand(args))
    return summary.failed === 0 ? EXIT.ok : EXIT.someFailed
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const name = error instanceof UsageError ? 'UsageError' : error.name
    const code = EXIT_OF_ERROR[name]
    if (code === undefined) throw error
    console.error(`${name}: ${error.message}`)
    if (code === EXIT.usage) console.error(`\n${USAGE}`)
    return code
  }
}

async function run(command: JobCommand): Promise<JobSummary> {
  const text = await readFile(command.input, 'utf8').catch(cause => {
    throw new UsageError(`The input ${command.input} cannot be read: ${String(cause)}`)
  })
  const lines = text.split('\n')
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort())

  const responses: BatchResponse[] = []
  const showProgress = progressBar(process.stderr)
  const runtime = command.runtime === 'chrome' ? runInChrome : runInNode
  const { model, weights, tokenBudget, blocks, maxTokens } = command
  const engine = { weights, tokenBudget, blocks }
  const input = { lines, model: resolveModel(model), modelName: model, engine, maxTokens }
  try {
    const summary = await runtime(
      input,
      {
        onLoad: line => process.stderr.isTTY && process.stderr.write(`\r${line}\x1b[K`),
        onResponse: response => responses.push(response),
        onProgress: showProgress,
      },
      abort.signal,
    )
    console.log(summaryText(summary, command.out))
    if (command.summary) await writeFile(command.summary, `${JSON.stringify(summary, undefined, 2)}\n`)
    return summary
  } finally {
    // also after an interrupt: what was answered is kept
    if (responses.length > 0) await writeResponses(command.out, responses)
  }
}

/** In input order: a response's id ends in its line. */
async function writeResponses(path: string, responses: BatchResponse[]): Promise<void> {
  const line = ({ id }: BatchResponse) => Number(id.slice(id.lastIndexOf('_') + 1))
  responses.sort((a, b) => line(a) - line(b))
  await writeFile(path, responses.map(response => `${JSON.stringify(response)}\n`).join(''))
}

function summaryText(summary: JobSummary, out: string): string {
  const { requests, failed, promptTokens, prefillTokens, decodeTokens, wallMs, steps, tokensPerStep, peakBlocks } =
    summary
  return [
    `${requests} requests, ${failed} failed → ${out}`,
    `prompts        ${promptTokens} tokens, ${prefillTokens} computed`,
    `generated      ${decodeTokens} tokens in ${(wallMs / 1000).toFixed(2)} s, ${summary.tokensPerSecond.toFixed(1)} tok/s`,
    `steps          ${steps}, ${tokensPerStep.toFixed(1)} tokens each`,
    `peak blocks    ${peakBlocks}`,
    `adapter        ${summary.adapter}`,
  ].join('\n')
}
