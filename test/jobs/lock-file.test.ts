import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { takeLockFile } from '../../src/jobs/lock-file'

const folder = mkdtempSync(join(tmpdir(), 'coppice-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a lock in a folder that is not there makes it, and leaves nothing else', () => {
  const release = takeLockFile(join(folder, 'jobs', 'a.lock'), 'a')
  expect(readdirSync(join(folder, 'jobs'))).toEqual(['a.lock'])
  release()
  expect(readdirSync(join(folder, 'jobs'))).toEqual([])
})

test('a lock that is named alone lies in the folder of the process, which gets no other file', () => {
  const name = `coppice-${process.pid}.lock`
  const before = readdirSync('.')
  const release = takeLockFile(name, 'a')
  const added = readdirSync('.').filter(each => !before.includes(each))
  release()
  for (const each of added) rmSync(each, { recursive: true, force: true })
  expect(added).toEqual([name])
})

test('a relative path is one from the folder of the process', () => {
  const path = join(folder, 'b.lock')
  const release = takeLockFile(relative('.', path), 'b')
  expect(existsSync(path)).toBe(true)
  release()
})
