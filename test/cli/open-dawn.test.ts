import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { JOB } from './run-job'

/** A job in Node whose model does not exist, so that it ends as soon as it knows what it would compute on. */
function runWithDrivers(env: Readonly<Record<string, string>>) {
  const args = ['examples/tickets.jsonl', '--model', './no-such-model', '--runtime', 'node']
  return spawnSync('node', [...JOB, ...args, '--out', join(tmpdir(), 'never.jsonl')], {
    env: { ...process.env, VITEST: '', ...env },
    encoding: 'utf8',
  })
}

describe.skipIf(process.platform !== 'linux')('--runtime node', { timeout: 180_000 }, () => {
  it('says in one line what computes on a machine without a Vulkan driver, and nothing of what Dawn does not find', () => {
    // where the loader looks for the drivers of the machine
    const { status, stderr } = runWithDrivers({ XDG_DATA_DIRS: '/nowhere', XDG_DATA_HOME: '/nowhere' })
    expect(stderr).toMatch(/^Computing on .+\.\nDownloadFailed: .+\n$/)
    expect(status).toBe(3)
  })

  it('says what to install where there is no driver at all', () => {
    const { status, stderr } = runWithDrivers({ VK_DRIVER_FILES: '/nowhere.json' })
    expect(stderr).toMatch(/^UnsupportedDevice: .*Dawn finds no adapter.*apt-get install libvulkan1.*\n$/)
    expect(status).toBe(4)
  })
})
