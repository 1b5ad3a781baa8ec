import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { main } from '../../../src/cli/check-hub'
import { type FakeHub, startFakeHub } from '../../support/fake-hub'

const FOLDER = 'public/models/sprout'

let hub: FakeHub
beforeAll(async () => {
  hub = await startFakeHub()
})
afterAll(() => hub.close())
afterEach(() => vi.restoreAllMocks())

/** What the command prints about a repository of these files, and its exit code. */
async function check(
  files: readonly string[],
  id: string,
): Promise<{ readonly lines: string[]; readonly code: number }> {
  const contents = new Map(files.map(file => [file, readFileSync(`${FOLDER}/${file}`)]))
  const served = hub.put('checked', contents)
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation(line => void lines.push(line))
  const code = await main([id, '--host', `${hub.url}/checked`])
  expect(served.some(({ path }) => path === 'api')).toBe(true)
  return { lines, code }
}

test('a model on a hub that loads is said to, by its headers', async () => {
  const { lines, code } = await check(readdirSync(FOLDER), 'org/name')
  expect(lines).toEqual(['org/name: loads', '1 of 1 load.'])
  expect(code).toBe(0)
})

test('one that does not is named with the reason', async () => {
  const files = readdirSync(FOLDER).filter(file => file !== 'config.json')
  const { lines, code } = await check(files, 'org/name')
  expect(lines[0]).toContain('org/name: DownloadFailed: org/name@0123456 has no file config.json')
  expect(lines[1]).toBe('0 of 1 load.')
  expect(code).toBe(1)
})
