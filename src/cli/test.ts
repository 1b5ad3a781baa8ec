import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
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

/** Everything that must hold before a commit. The last line is `N passed, N failed`. */
export async function main(args: string[]): Promise<number> {
  ensureChrome()
  mkdirSync('.artifacts', { recursive: true })
  let passed = 0
  let failed = 0
  for (const [name, ...command] of args.length > 0 ? [] : CHECKS) {
    const good = run(command)
    console.log(`${good ? '✓' : '✗'} ${name}`)
    if (good) passed += 1
    else failed += 1
  }
  const dawn = probeDawn([...softwareDrivers(), null])
  console.log(`dawn: ${'missing' in dawn ? `skipped: ${dawn.missing}` : [dawn.name, ...dawn.features].join(', ')}`)
  const projects = 'missing' in dawn ? ['--project=!dawn'] : []
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`]
  const good = run(['npx', 'vitest', 'run', ...reporters, ...projects, ...args])
  const report: VitestReport = JSON.parse(readFileSync(REPORT, 'utf8'))
  passed += report.numPassedTests
  // a file that does not even load has no tests of its own to fail
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  failed += report.numFailedTests + brokenFiles.length
  if (!good && failed === 0) failed = 1
  const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : ''
  console.log(`${passed} passed, ${failed} failed${skipped}`)
  return failed === 0 ? 0 : 1
}

function run([command, ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}
