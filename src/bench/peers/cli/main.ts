import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { commandOf } from '../../../cli/option-values'
import { withPage } from '../../../cli/pages'
import { serveFiles } from '../../../cli/serve-files'
import type { EngineName } from '../engines'
import type { CountedRun } from '../main'
import { disagreeing, type EngineResult, peersText } from '../report'
import { TASKS, type TaskName, warmUp } from '../tasks'
import { PEERS_USAGE, type PeersCommand, parsePeersCommand } from './options'

/** Folder for packages and model of the engines that are compared. */
const FOLDER = resolve('.artifacts/peers')
const PAGE = 'bench/peers/'

/** Exit code 0: all is measured; 1: an engine failed or answers differ, all else is in the report; 2: bad command line. */
export async function main(args: string[]): Promise<number> {
  const command = commandOf(args, PEERS_USAGE, parsePeersCommand)
  if (typeof command === 'number') return command
  const versions = installPeers()
  // anew each time, in seconds: what writes it may have changed
  rmSync(`${FOLDER}/model`, { recursive: true, force: true })
  execFileSync('node', ['scripts/oracles/write-peers-model.mjs', `${FOLDER}/model`], { stdio: 'inherit' })
  const began = performance.now()
  const files = await serveFiles(FOLDER)
  try {
    return await withPage(
      PAGE,
      async () => undefined,
      async (page, server) => {
        await page.waitForFunction(() => 'describeAdapter' in window)
        const adapter = await page.evaluate(() => window.describeAdapter())
        const browser = page.context().browser()
        if (!browser) throw new Error('the browser is gone')
        const open = async () => {
          const opened = await browser.newPage()
          await opened.goto(server.url(PAGE))
          await opened.waitForFunction(() => 'loadPeer' in window)
          return opened
        }
        const [processor] = cpus()
        const environment = {
          date: new Date().toISOString(),
          host: `${processor.model}, ${cpus().length} cores`,
          browser: `Chrome ${browser.version()}`,
          adapter: adapter.text,
          hasHalf: adapter.hasHalf,
          versions,
          flags: args.join(' '),
          atMost: command.atMost,
        }
        mkdirSync(command.out, { recursive: true })
        // after every round, so that an interrupted benchmark leaves what it has
        const write = (engines: readonly EngineResult[]): string => {
          const report = { environment: { ...environment, seconds: (performance.now() - began) / 1000 }, engines }
          const text = peersText(report)
          writeFileSync(`${command.out}/report.json`, `${JSON.stringify(report, undefined, 1)}\n`)
          writeFileSync(`${command.out}/report.md`, `${text}\n`)
          return text
        }
        const engines = await measure(command, files.url, open, write)
        console.log(`${write(engines)}\n\n${command.out}/report.md, report.json`)
        return engines.some(({ failure }) => failure) || disagreeing(engines).length > 0 ? 1 : 0
      },
    )
  } finally {
    files.close()
  }
}

/** Installs the packages into a folder of their own, by their lock file, without install scripts, which a page does not need. Gives versions. */
function installPeers(): Record<string, string> {
  mkdirSync(FOLDER, { recursive: true })
  const lock = readFileSync('src/bench/peers/package-lock.json', 'utf8')
  const done = `${FOLDER}/installed.json`
  if (!existsSync(done) || readFileSync(done, 'utf8') !== lock) {
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(`src/bench/peers/${name}`, `${FOLDER}/${name}`)
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: FOLDER,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    writeFileSync(done, lock)
  }
  const { packages }: { packages: Record<string, { version?: string }> } = JSON.parse(lock)
  const names = ['@huggingface/transformers', 'onnxruntime-web', '@wllama/wllama']
  return Object.fromEntries(names.map(name => [name, packages[`node_modules/${name}`]?.version ?? 'missing']))
}

/** An engine while it is measured. */
interface Running {
  readonly name: EngineName
  readonly loadMs: number[]
  readonly runs: Partial<Record<TaskName, CountedRun[]>>
  page?: Page
  failure?: string
}

/** Measures the engines, each in a page of its own, in turn, with another one first in every round. */
async function measure(
  { engines, tasks, rounds, atMost }: PeersCommand,
  base: string,
  open: () => Promise<Page>,
  onRound: (results: readonly EngineResult[]) => void,
): Promise<EngineResult[]> {
  const all = engines.map((name): Running => ({ name, loadMs: [], runs: {} }))
  /** Uses each engine that has not failed; one that fails is out, and keeps its results so far. */
  const each = async (round: number, use: (running: Running) => Promise<void>) => {
    for (const running of all.map((_, index) => all[(index + round) % all.length])) {
      if (running.failure) continue
      try {
        await use(running)
      } catch (error) {
        running.failure = error instanceof Error ? error.message : String(error)
        console.error(`${running.name} failed. ${running.failure}`)
      }
    }
  }
  const results = () => all.map(({ name, loadMs, runs, failure }) => ({ name, loadMs, runs, failure }))
  for (let round = 0; round < rounds; round++) {
    await each(round, async running => {
      await running.page?.close()
      const page = await open()
      running.page = page
      running.loadMs.push(
        await page.evaluate(([name, at]) => window.loadPeer(name, { base: at }), [running.name, base] as const),
      )
    })
  }
  for (const name of tasks) {
    await each(0, async ({ page }) => {
      await page?.evaluate(([task]) => window.runPeer(task, 0, 2), [warmUp(TASKS[name])] as const)
    })
    for (let round = 0; round < rounds; round++) {
      await each(round, async ({ page, runs }) => {
        const run = await page?.evaluate(([task, seed, most]) => window.runPeer(task, seed, most), [
          TASKS[name],
          round + 1,
          atMost,
        ] as const)
        if (run) runs[name] = [...(runs[name] ?? []), run]
      })
      onRound(results())
      console.error(`${name}: round ${round + 1} of ${rounds}`)
    }
  }
  return results()
}
