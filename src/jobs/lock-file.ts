import type * as Files from 'node:fs'
import type * as Paths from 'node:path'
import { InvalidRequest } from '../core/errors'

/**
 * Takes a file as a sign that this process works on what lies beside it; returns what gives it back. A process that has ended
 * holds nothing, whatever it left.
 * @param what that is, for the message
 * @throws InvalidRequest if another process has it
 */
export function takeLockFile(path: string, what: string): () => void {
  const fs = process.getBuiltinModule('node:fs') as typeof Files
  const { dirname } = process.getBuiltinModule('node:path') as typeof Paths
  const text = String(process.pid)
  const take = () => fs.writeFileSync(path, text, { flag: 'wx' })
  fs.mkdirSync(dirname(path), { recursive: true })
  try {
    take()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const owner = Number(fs.readFileSync(path, 'utf8'))
    if (owner !== process.pid && isAlive(owner)) {
      throw new InvalidRequest(
        `${what} is worked on by process ${owner} already. Wait for it, or end it; if there is no such job, remove ${path}.`,
      )
    }
    fs.rmSync(path, { force: true })
    take()
  }
  return () => fs.rmSync(path, { force: true })
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // somebody else's process may not be signalled, but is there
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
