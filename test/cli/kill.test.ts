/** The command that ends jobs in every way runs, on a GPU that does nothing, and finds nothing. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { scripts } from '../../package.json'

it('jobs in Chrome come to the same end, whatever ends them before', { timeout: 300_000 }, async () => {
  // the command must not take itself for a test of this one
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV)/.test(name)))
  const command = scripts.kill.split(' ').slice(1)
  const { stdout } = await promisify(execFile)('node', [...command, '--rows', '60', '--kills', '1', '--seed', '3'], { env })
  const kinds = ['tab', 'worker', 'browser', 'device', 'storage', 'network']
  const ends = stdout.trim().split('\n').slice(2)
  expect(ends).toEqual(kinds.map(kind => expect.stringMatching(new RegExp(`^${kind}: ended 1 times, .*: equal$`))))
})
