import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ensureChrome } from '../../scripts/chrome.mjs'
import { probeDawn, softwareDrivers } from '../../scripts/dawn.mjs'

/** The part of vitest's report that counts. */
interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Checks of the whole tree beside its tests; each counts as one test. */
const CHECKS = [
  ['types', 'npx', 'tsc', '--noEmit'],
  ['lint and format', 'npx', 'biome', 'ci'],
  ['build and size', 'npm', 'run', '-s', 'build'],
] as const

/**
 * The projects of vite.config.ts, in lanes that run beside each other, and beside the checks: each takes about a core for about
 * as long. A process for each project, since vitest runs those one after another that may use different numbers of workers.
 */
const LANES = [['dawn'], ['chrome', 'programs', 'node']] as const

/**
 * Everything that must hold before a commit; with `--quick` all of it that needs neither GPU nor browser; with other
 * arguments those tests that vitest chooses by them. The last line is `N passed, N failed`.
 */
export async function main(args: string[]): Promise<number> {
  const isQuick = args[0] === '--quick'
  const vitestArgs = isQuick ? args.slice(1) : args
  mkdirSync('.artifacts', { recursive: true })
  const counts: Counts[] = []
  const runChecks = async (checks: readonly (typeof CHECKS)[number][]) => {
    for (const check of checks) counts.push(await runCheck(check))
  }
  const runLane = async (lane: readonly string[]) => {
    for (const project of lane) counts.push(await runProject(project, vitestArgs))
  }
  if (isQuick) {
    await Promise.all([runChecks(CHECKS.slice(0, 2)), runLane(['node'])])
  } else {
    ensureChrome()
    const dawn = probeDawn([...softwareDrivers(), null])
    console.log(`dawn: ${'missing' in dawn ? `skipped: ${dawn.missing}` : [dawn.name, ...dawn.features].join(', ')}`)
    const lanes = LANES.map(lane => lane.filter(project => project !== 'dawn' || !('missing' in dawn)))
    await Promise.all([runChecks(args.length > 0 ? [] : CHECKS), ...lanes.map(runLane)])
  }
  const sum = (name: keyof Counts) => counts.reduce((total, each) => total + each[name], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
  if (passed + failed === 0) console.log(`No test matches ${vitestArgs.join(' ')}.`)
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed === 0 && passed > 0 ? 0 : 1
}

async function runCheck([name, ...command]: (typeof CHECKS)[number]): Promise<Counts> {
  const isGood = await run(command)
  console.log(`${isGood ? '✓' : '✗'} ${name}`)
  return { passed: Number(isGood), failed: Number(!isGood), skipped: 0 }
}

async function runProject(project: string, args: readonly string[]): Promise<Counts> {
  const file = `.artifacts/tests-${project}.json`
  // lest a run that writes none be counted by the last one's
  rmSync(file, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  // the others' files share one GPU
  const workers = project === 'node' ? [`--maxWorkers=${availableParallelism()}`] : []
  const options = [`--project=${project}`, '--passWithNoTests', ...workers, ...reporters]
  const isGood = await run(['npx', 'vitest', 'run', ...options, ...args])
  const report = readReport(file)
  // a file that does not even load has no tests of its own to fail
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failed = report.numFailedTests + brokenFiles.length
  return {
    passed: report.numPassedTests,
    failed: isGood ? failed : Math.max(1, failed),
    skipped: report.numPendingTests,
  }
}

/** The report of a run; of one that has written none, that of no tests. */
function readReport(file: string): VitestReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] }
  }
}

/** Whether the command ends with 0. */
function run([command, ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    spawn(command, args, { stdio: 'inherit' })
      .on('error', reject)
      .on('close', code => resolve(code === 0))
  })
}
