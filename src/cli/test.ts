import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ensureChrome } from '../../scripts/chrome.mjs'
import { probeDawn, softwareDrivers } from '../../scripts/dawn.mjs'

const REPORT = '.artifacts/tests.json'

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

/** Checks of the whole tree beside its tests; each counts as one test. */
const CHECKS = [
  ['types', 'npx', 'tsc', '--noEmit'],
  ['lint and format', 'npx', 'biome', 'ci'],
  ['build and size', 'npm', 'run', '-s', 'build'],
] as const

/**
 * Everything that must hold before a commit; with `--quick` all of it that needs neither GPU nor browser; with other
 * arguments those tests that vitest chooses by them. The last line is `N passed, N failed`.
 */
export async function main(args: string[]): Promise<number> {
  const isQuick = args[0] === '--quick'
  if (!isQuick) ensureChrome()
  mkdirSync('.artifacts', { recursive: true })
  const checks = isQuick ? CHECKS.slice(0, 2) : args.length > 0 ? [] : CHECKS
  const results = checks.map(([name, ...command]) => {
    const isGood = run(command)
    console.log(`${isGood ? '✓' : '✗'} ${name}`)
    return isGood
  })
  const chosen = isQuick
    ? ['--project=node', `--maxWorkers=${availableParallelism()}`, ...args.slice(1)]
    : [...projects(), ...args]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`]
  const isGood = run(['npx', 'vitest', 'run', ...reporters, ...chosen])
  const report: VitestReport = JSON.parse(readFileSync(REPORT, 'utf8'))
  const passed = report.numPassedTests + results.filter(Boolean).length
  // a file that does not even load has no tests of its own to fail
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const known = report.numFailedTests + brokenFiles.length + results.filter(result => !result).length
  const failed = !isGood && known === 0 ? 1 : known
  const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : ''
  console.log(`${passed} passed, ${failed} failed${skipped}`)
  return failed === 0 ? 0 : 1
}

/** All projects of vite.config.ts, as far as the machine has what they need. */
function projects(): string[] {
  const dawn = probeDawn([...softwareDrivers(), null])
  console.log(`dawn: ${'missing' in dawn ? `skipped: ${dawn.missing}` : [dawn.name, ...dawn.features].join(', ')}`)
  return 'missing' in dawn ? ['--project=!dawn'] : []
}

function run([command, ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}
