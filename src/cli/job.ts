import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type BatchResponse, explainWeights, type JobSummary } from '../index'
import { runInChrome } from './chrome-runtime'
import { type JobCommand, parseJobCommand, USAGE, UsageError } from './job-options'
import { runInNode } from './node-runtime'
import { progressBar } from './progress-bar'
import { resolveModel } from './serve'

const EXIT = { ok: 0, someFailed: 1, usage: 2, model: 3, device: 4, fault: 5, interrupted: 130 }

/** Names of the engine's errors, by the exit code they lead to; others are faults of ours and show their stack. */
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
    const name = error instanceof UsageError ? 'UsageError' : error instanceof Error ? error.name : ''
    const code = EXIT_OF_ERROR[name]
    if (code === undefined || !(error instanceof Error)) {
      console.error(error)
      return EXIT.fault
    }
    console.error(`${name}: ${error.message}`)
    if (code === EXIT.usage) console.error(`\n${USAGE}`)
    return code
  }
}

async function run(command: JobCommand): Promise<JobSummary> {
  const bytes = await readFile(command.input).catch(cause => {
    throw new UsageError(`The input ${command.input} cannot be read: ${String(cause)}`)
  })
  for (const path of [command.out, command.summary]) {
    if (path && !existsSync(dirname(path))) throw new UsageError(`The folder of ${path} does not exist.`)
  }
  // this decoder, unlike readFile's, drops a byte order mark
  const lines = new TextDecoder().decode(bytes).split('\n')
  const abort = new AbortController()
  // not once: npm passes on to us what the terminal has sent us already, and a signal that nobody hears kills
  process.on('SIGINT', () => abort.abort())

  const responses: BatchResponse[] = []
  const runtime = command.runtime === 'chrome' ? runInChrome : runInNode
  const {
    model,
    maxTokens,
    host,
    token,
    cache = false,
    weights,
    kv,
    tokenBudget,
    blocks,
    sharing,
    attention,
    order,
    tuning,
  } = command
  const engine = { hub: { host, token }, cache, weights, kv, tokenBudget, blocks, sharing, attention, order, tuning }
  const input = { lines, model: resolveModel(model), modelName: model, engine, maxTokens }
  const events = {
    onLoad: (line: string) => process.stderr.isTTY && process.stderr.write(`\r${line}\x1b[K`),
    onResponse: (response: BatchResponse) => responses.push(response),
    onProgress: progressBar(process.stderr),
  }
  let summary: JobSummary
  try {
    summary = await runtime(input, events, abort.signal)
  } catch (error) {
    // an interrupt, a lost device: what was answered is kept
    if (responses.length > 0) await writeResponses(command.out, responses)
    throw error
  }
  await writeResponses(command.out, responses)
  if (command.summary) await writeFile(command.summary, `${JSON.stringify(summary, undefined, 2)}\n`)
  console.log(summaryText(summary, command.out))
  return summary
}

/** In input order: a response's id ends in its line. */
async function writeResponses(path: string, responses: BatchResponse[]): Promise<void> {
  const line = ({ id }: BatchResponse) => Number(id.slice(id.lastIndexOf('_') + 1))
  responses.sort((a, b) => line(a) - line(b))
  await writeFile(path, responses.map(response => `${JSON.stringify(response)}\n`).join(''))
}

function summaryText(summary: JobSummary, out: string): string {
  const { requests, failed, promptTokens, treeTokens, prefillTokens, decodeTokens, wallMs, steps, tokensPerStep } =
    summary
  return [
    `${requests} requests, ${failed} failed → ${out}`,
    `prompts        ${promptTokens} tokens, a tree of ${treeTokens}; ${prefillTokens} computed, ${summary.savedTokens} shared`,
    `generated      ${decodeTokens} tokens in ${(wallMs / 1000).toFixed(2)} s, ${summary.tokensPerSecond.toFixed(1)} tok/s`,
    `steps          ${steps}, ${tokensPerStep.toFixed(1)} tokens each`,
    `K and V read   ${(summary.kvBytesRead / 1e9).toFixed(2)} GB`,
    `peak blocks    ${summary.peakBlocks}`,
    `weights        ${explainWeights(summary.weights)}`,
    ...summary.decisions.map(decision => `chosen         ${decision}`),
    `adapter        ${summary.adapter}`,
  ].join('\n')
}
