import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { JobSummary } from '../batch'
import { explainWeights } from '../engine/open/weight-report'
import { withoutSecrets } from '../loader/http/address'
import { AnswerFile, type AnswerSettings, OutputFailed } from './answer-file'
import { codeOf, EXIT, sayError } from './exit-codes'
import { type JobCommand, parseJobCommand, USAGE } from './job-options'
import { type JobPaths, jobPaths } from './job-paths'
import type { JobInput, JobRuntime } from './job-runtime'
import { progressBar } from './progress-bar'
import { publicName, resolveModel } from './serve'

/** The signals that end the command from outside: Ctrl-C, `kill`, a closed terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long everything may take to close after a signal. All answers are in the file by then, so nothing is lost after it. */
const CLOSE_MS = 10_000

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return EXIT.ok
  }
  const abort = new AbortController()
  let answers: AnswerFile | undefined
  let received: NodeJS.Signals | undefined
  // not once: npm passes on to us what the terminal has sent us already, and a signal that nobody hears kills
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (received) return
      received = signal
      abort.abort(new DOMException(signal, 'AbortError'))
      const leave = () => {
        sayEnded(signal, answers)
        answers?.close()
        process.exit(exitOf(signal))
      }
      setTimeout(leave, CLOSE_MS).unref()
    })
  }
  // a terminal that has been closed is nothing to fail for
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

  try {
    const command = parseJobCommand(args)
    const paths = jobPaths(command)
    answers = await AnswerFile.open(paths.part, settingsOf(command), command.restart)
    const summary = await run(command, paths, answers, abort.signal)
    return summary.failed === 0 ? EXIT.ok : EXIT.someFailed
  } catch (error) {
    if (received) {
      sayEnded(received, answers)
      return exitOf(received)
    }
    const code = codeOf(error)
    sayError(error)
    sayKept(answers)
    if (code === EXIT.usage) console.error(`\n${USAGE}`)
    return code
  } finally {
    answers?.close()
  }
}

function sayEnded(signal: NodeJS.Signals, answers: AnswerFile | undefined): void {
  console.error(`\nEnded by ${signal}.`)
  sayKept(answers)
}

function sayKept(answers: AnswerFile | undefined): void {
  if (!answers || answers.kept === 0) return
  console.error(`${answers.kept} answers are kept in ${answers.path}; the same command goes on with the rest.`)
}

function exitOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** The settings that answers depend on besides their requests. What else can be chosen never changes them. */
function settingsOf({ model, host, maxTokens, weights, kv, remote }: JobCommand): AnswerSettings {
  if (remote) return { remote: withoutSecrets(remote.url), model: remote.model, maxTokens }
  return { model: publicName(model), host, maxTokens, weights, kv }
}

async function run(
  command: JobCommand,
  paths: JobPaths,
  answers: AnswerFile,
  signal: AbortSignal,
): Promise<JobSummary> {
  const { answered, damage } = answers
  for (const each of damage) console.error(each)
  if (answered.size > 0) console.error(`${answered.size} answers of an earlier run are in ${paths.part}.`)
  const runtime = await runtimeOf(command)
  const events = {
    onLoad: (line: string) => process.stderr.isTTY && process.stderr.write(`\r${line}\x1b[K`),
    onAnswer: answers.add.bind(answers),
    onProgress: progressBar(process.stderr),
  }
  const summary = await runtime(jobInput(command, paths.input, answered), events, signal)
  answers.finish(paths.out)
  if (paths.summary) writeSummary(paths.summary, summary)
  console.log(summaryText(summary, command))
  return summary
}

/** Only the one that is asked for: the engine and its modules take 150 MB of a command that leaves them to a page. */
async function runtimeOf({ runtime, remote }: JobCommand): Promise<JobRuntime> {
  if (remote) return (await import('./remote-runtime')).runAt(remote)
  if (runtime === 'node') return (await import('./node-runtime')).runInNode
  return (await import('./chrome-runtime')).runInChrome
}

function jobInput(command: JobCommand, path: string, answered: ReadonlySet<string>): JobInput {
  const { model, maxTokens, host, token, cache = false } = command
  const { weights, kv, tokenBudget, blocks, sharing, attention, order, tuning } = command
  const study = { sharing, attention, order, tuning }
  const engine = { hub: { host, token }, cache, weights, kv, tokenBudget, blocks, study }
  return { path, answered, model: resolveModel(model), modelName: publicName(model), engine, maxTokens }
}

function writeSummary(path: string, summary: JobSummary): void {
  try {
    writeFileSync(path, `${JSON.stringify(summary, undefined, 2)}\n`)
  } catch (cause) {
    throw new OutputFailed(`The summary cannot be written to ${path}, but all answers are: ${String(cause)}`, { cause })
  }
}

function summaryText(summary: JobSummary, { out, remote }: JobCommand): string {
  const { requests, failed, promptTokens, treeTokens, prefillTokens, decodeTokens, wallMs, steps, tokensPerStep } =
    summary
  const head = `${requests} requests, ${failed} failed → ${out}`
  const generated = `generated      ${decodeTokens} tokens in ${(wallMs / 1000).toFixed(2)} s, ${summary.tokensPerSecond.toFixed(1)} tok/s`
  if (remote) {
    const prompts = `prompts        ${promptTokens} tokens, ${summary.savedTokens} of them cached`
    return [head, prompts, generated, `server         ${summary.adapter}`].join('\n')
  }
  return [
    head,
    `prompts        ${promptTokens} tokens, a tree of ${treeTokens}; ${prefillTokens} computed, ${summary.savedTokens} shared`,
    generated,
    `steps          ${steps}, ${tokensPerStep.toFixed(1)} tokens each`,
    `K and V read   ${(summary.kvBytesRead / 1e9).toFixed(2)} GB`,
    `peak blocks    ${summary.peakBlocks}`,
    `weights        ${explainWeights(summary.weights)}`,
    ...summary.decisions.map(decision => `chosen         ${decision}`),
    `adapter        ${summary.adapter}`,
  ].join('\n')
}
