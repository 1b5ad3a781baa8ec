import { accessSync, closeSync, constants, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type JobCommand, UsageError } from './job-options'

/** The files of a job, checked before anything is begun. */
export interface JobPaths {
  readonly input: string
  /** The file itself, where `--out` is a link to one. */
  readonly out: string
  /** Where answers are kept until all are there. */
  readonly part: string
  readonly summary: string | undefined
}

/** @throws UsageError for an input that cannot be read, or an output that cannot be or would overwrite another file */
export function jobPaths({ input, out, summary }: Pick<JobCommand, 'input' | 'out' | 'summary'>): JobPaths {
  checkInput(input)
  const taken = new Map([[identity(input), `the input ${input}`]])
  const paths = { input, out: resolved(out), part: `${resolved(out)}.part`, summary }
  for (const path of [paths.out, paths.part, paths.summary]) {
    if (path === undefined) continue
    checkOutput(path)
    const other = taken.get(identity(path))
    if (other) throw new UsageError(`${path} would overwrite ${other}.`)
    taken.set(identity(path), path)
  }
  return paths
}

function checkInput(path: string): void {
  const unreadable = (cause: unknown) => new UsageError(`The input ${path} cannot be read: ${String(cause)}`)
  try {
    if (statSync(path).isDirectory()) throw new UsageError(`The input ${path} is a folder.`)
    // what a pipe says can be read only once
    if (statSync(path).isFile()) checkBeginning(path)
    else accessSync(path, constants.R_OK)
  } catch (cause) {
    throw cause instanceof UsageError ? cause : unreadable(cause)
  }
}

function checkBeginning(path: string): void {
  const file = openSync(path, 'r')
  const [first, second] = [new Uint8Array(1), new Uint8Array(1)]
  try {
    readSync(file, first, 0, 1, 0)
    readSync(file, second, 0, 1, 1)
  } finally {
    closeSync(file)
  }
  const isUtf16 = (first[0] === 0xff && second[0] === 0xfe) || (first[0] === 0xfe && second[0] === 0xff)
  if (isUtf16) throw new UsageError(`The input ${path} is UTF-16, as its byte order mark says. Save it as UTF-8.`)
}

function checkOutput(path: string): void {
  const stats = statOrNone(path)
  if (stats?.isDirectory()) throw new UsageError(`${path} is a folder, but must be a file.`)
  if (stats && !stats.isFile()) throw new UsageError(`${path} is not an ordinary file, but must be one.`)
  const folder = dirname(path)
  if (!statOrNone(folder)?.isDirectory()) throw new UsageError(`The folder of ${path} does not exist.`)
  try {
    accessSync(folder, constants.W_OK)
    if (stats) accessSync(path, constants.W_OK)
  } catch (cause) {
    throw new UsageError(`${path} cannot be written: ${String(cause)}`)
  }
}

/** Equal for names of one file, by whatever way: links, hard links, relative paths. */
function identity(path: string): string {
  const stats = statOrNone(path)
  return stats ? `${stats.dev}:${stats.ino}` : join(realpathSync(dirname(path)), basename(path))
}

function resolved(path: string): string {
  return statOrNone(path) ? realpathSync(path) : path
}

function statOrNone(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new UsageError(`${path} cannot be looked at: ${String(cause)}`)
  }
}
