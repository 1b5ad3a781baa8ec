/** Runs the real command, as a user does, on a small seeded model in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { scripts } from '../../package.json'
import { TINY, TINY_SEED } from '../support/engine'
import { seededFiles } from '../support/seeded-weights'

export const folder = mkdtempSync(join(tmpdir(), 'coppice-job-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes the model into the folder and gives its path; `broken` files get this content instead. */
export function writeModel(name: string, broken: Readonly<Record<string, string>> = {}): string {
  const model = join(folder, name)
  mkdirSync(model)
  for (const [file, contents] of seededFiles(TINY, TINY_SEED, 'F32')) {
    const parts = contents()
    const pieces: Uint8Array[] = []
    for (let next = parts.next(); !next.done; next = parts.next()) pieces.push(next.value.slice())
    writeFileSync(join(model, file), broken[file] ?? Buffer.concat(pieces))
  }
  return model
}

/** Writes an input file of these lines and gives its path. */
export function writeInput(name: string, lines: readonly object[]): string {
  const input = join(folder, name)
  writeFileSync(input, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  return input
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The arguments of `node` in `npm run job`, which is run without npm lest a signal be npm's. */
export const JOB: readonly string[] = scripts.job.split(' ').slice(1)

/** `npm run job -- args`; `onOutput` sees all of stderr so far, whenever there is more. */
export function runJobCommand(
  args: readonly string[],
  onOutput?: (stderr: string, child: ChildProcess) => void,
): Promise<Finished> {
  // the command must not take itself for a test of this one
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV)/.test(name)))
  return new Promise((resolve, reject) => {
    const child = spawn('node', [...JOB, ...args], { env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
      onOutput?.(stderr, child)
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout, stderr }))
  })
}
