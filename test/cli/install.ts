import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** What npm is to leave alone. */
export const QUIET = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']

/** Installs what the lock file in `test/NAME` names into a folder of its own, once, and gives that. */
export function installed(name: string): string {
  const folder = resolve('.artifacts', name)
  mkdirSync(folder, { recursive: true })
  const lock = readFileSync(`test/${name}/package-lock.json`, 'utf8')
  const done = `${folder}/installed.json`
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return folder
  for (const file of ['package.json', 'package-lock.json']) cpSync(`test/${name}/${file}`, `${folder}/${file}`)
  execFileSync('npm', ['ci', ...QUIET], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  writeFileSync(done, lock)
  return folder
}
