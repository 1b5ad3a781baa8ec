import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { MUTATIONS } from '../../scripts/mutations.mjs'

const USAGE = `npm run mutate [-- WORD …]

Makes each of the small wrong changes of scripts/mutations.mjs, one at a time and without touching a file, and runs the
test that must notice it. With words: only changes to files whose path contains one of them. Exits with 1 if a change is
not noticed, or if the text that it changes is no longer there.`

/** The report of this process: several may run at once. */
const REPORT = `.artifacts/mutation-${process.pid}.json`
/** A change may make a loop endless, which is noticed too. */
const TIMEOUT_MS = 300_000

type Mutation = (typeof MUTATIONS)[number]

/** The outcome of the tests that a law names: some failed, all passed, or there was none. */
type Outcome = 'failed' | 'passed' | 'absent'

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[]
  }[]
}

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  mkdirSync('.artifacts', { recursive: true })
  const chosen = MUTATIONS.filter(({ file }) => args.length === 0 || args.some(word => file.includes(word)))
  const unchanged = outcomes(chosen)
  let numCaught = 0
  for (const [index, mutation] of chosen.entries()) {
    const { file, find, replace, test, law } = mutation
    const fault =
      unchanged[index] === 'passed' ? faultOf(mutation) : `without the change its test is ${unchanged[index]}`
    if (!fault) numCaught++
    console.log(`${fault ? '✗' : '✓'} ${file}: ${brief(find)} → ${brief(replace) || 'nothing'}`)
    console.log(`  ${fault ? `${fault}; ` : ''}${test}: ${law}`)
  }
  console.log(`${numCaught} of ${chosen.length} caught`)
  return numCaught === chosen.length ? 0 : 1
}

/** Why the change is not caught; undefined if it is. */
function faultOf(mutation: Mutation): string | undefined {
  const { file, find, wrong } = mutation
  const numFound = readFileSync(file, 'utf8').split(find).length - 1
  if (numFound !== 1) return `what is changed stands ${numFound} times in the file`
  const [outcome] = outcomes([mutation], MUTATIONS.indexOf(mutation))
  if (outcome === 'passed') return `SURVIVES, though ${wrong}`
  // a change that does not compile proves nothing about its test
  return outcome === 'absent' ? 'with the change its test does not even start' : undefined
}

/** What becomes of each law, with one of the mutations made or none. A run that does not end has failed. */
function outcomes(laws: readonly Mutation[], mutation?: number): Outcome[] {
  const files = [...new Set(laws.map(({ test }) => test))]
  const names = laws.map(({ law }) => law.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  const { signal } = spawnSync(
    'npx',
    [
      ...['vitest', 'run', '--config', 'scripts/mutated.config.mjs', '--project=node', '--project=dawn'],
      ...['--reporter=json', `--outputFile=${REPORT}`, '--testNamePattern', names, ...files],
    ],
    { stdio: 'ignore', timeout: TIMEOUT_MS, env: { ...process.env, MUTATION: `${mutation ?? -1}` } },
  )
  if (signal === 'SIGINT') process.exit(130)
  if (!existsSync(REPORT)) return laws.map(() => (signal ? 'failed' : 'absent'))
  const report: VitestReport = JSON.parse(readFileSync(REPORT, 'utf8'))
  rmSync(REPORT)
  const ran = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  return laws.map(({ law }) => {
    const statuses = ran.filter(({ title }) => title.startsWith(law)).map(({ status }) => status)
    return statuses.includes('failed') ? 'failed' : statuses.includes('passed') ? 'passed' : 'absent'
  })
}

function brief(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
