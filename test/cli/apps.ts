/** The packed library, installed in a folder of its own beside the apps of test/apps, and the tools of those who make such. */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { probeDawn, softwareDrivers } from '../../scripts/dawn.mjs'
import { buildLibrary } from '../../src/cli/build'
import { buildTypes } from '../../src/cli/build-types'
import { installed, QUIET } from './install'

const TOOLS = resolve('.artifacts/apps')

/** Builds and packs the library, and installs the archive, and nothing beside it, where the apps are copied to. */
export async function installApps() {
  installed('apps')
  const folder = mkdtempSync(join(tmpdir(), 'coppice-apps-'))
  const pack = join(folder, 'pack')
  await buildLibrary(`${pack}/dist`)
  await buildTypes(`${pack}/dist`)
  for (const name of ['package.json', 'README.md', 'LICENSE']) cpSync(name, join(pack, name))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: pack })
  const archive = readdirSync(folder).find(name => name.endsWith('.tgz'))
  if (!archive) throw new Error('npm pack has written no archive')
  rmSync(pack, { recursive: true })
  cpSync('test/apps', folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  rmSync(join(folder, 'package-lock.json'))
  execFileSync('npm', ['install', ...QUIET, `./${archive}`], { cwd: folder })
  const brought = readdirSync(join(folder, 'node_modules')).filter(name => !name.startsWith('.'))
  // what apps of some kinds add
  symlinkSync(resolve('node_modules/webgpu'), join(folder, 'node_modules/webgpu'))
  symlinkSync(`${TOOLS}/node_modules/@rollup`, join(folder, 'node_modules/@rollup'))
  cpSync('public/models', join(folder, 'models'), { recursive: true })

  const found = probeDawn([...softwareDrivers(), null])
  const driver = 'driver' in found && found.driver ? { VK_DRIVER_FILES: found.driver } : {}

  /** Runs a tool in the folder of an app and gives its output. */
  async function run(app: string, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [program, ...args] = command
    // the tools are not to take themselves for part of this test
    const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS)/.test(name))
    const path = `${TOOLS}/node_modules/.bin:${resolve('node_modules/.bin')}:${process.env.PATH}`
    const { stdout } = await promisify(execFile)(program, args, {
      cwd: join(folder, app),
      env: { ...Object.fromEntries(own), ...driver, ...env, PATH: path },
    })
    return stdout
  }

  return {
    folder,
    archive: join(folder, archive),
    installed: brought,
    run,
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** The program of a runtime that npm has; its launcher wants to have run an install script, its platform's package does not. */
export function runtime(name: 'deno' | 'bun'): string {
  const [scope, file] = name === 'deno' ? ['@deno', 'deno'] : ['@oven', 'bin/bun']
  const packages = `${TOOLS}/node_modules/${scope}`
  const found = readdirSync(packages).map(each => `${packages}/${each}/${file}`)
  const program = found.find(path => existsSync(path))
  if (!program) throw new Error(`${packages} holds no program`)
  return program
}
