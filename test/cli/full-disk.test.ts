import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { BatchResponse } from '../../src/batch'
import { AnswerFile, OutputFailed } from '../../src/cli/answer-file'

/** Bytes that the disk has left. */
const disk = { left: Number.POSITIVE_INFINITY }

const { writeSync } = fs
/** Puts a function in the place of what every module knows as `writeSync`. */
function replaceWrite(write: (file: number, bytes: Uint8Array, offset?: number) => number): void {
  fs.writeSync = write as typeof writeSync
  syncBuiltinESMExports()
}
replaceWrite((file, bytes, offset = 0) => {
  if (disk.left === 0) throw new Error('ENOSPC: no space left on device, write')
  const written = writeSync(file, bytes, offset, Math.min(bytes.length - offset, disk.left))
  disk.left -= written
  return written
})
afterAll(() => replaceWrite(writeSync))

const folder = mkdtempSync(join(tmpdir(), 'coppice-full-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('on a full disk the file ends with the last whole answer, and takes more when there is room', async () => {
  const part = join(folder, 'out.part')
  const answer = (key: string) => ({ key, response: { id: `batch_req_${key}`, response: {} } as BatchResponse })
  const answers = await AnswerFile.open(part, {}, false)
  answers.add(answer('1'))
  const before = readFileSync(part, 'utf8')
  disk.left = 20
  expect(() => answers.add(answer('2'))).toThrow(OutputFailed)
  expect(readFileSync(part, 'utf8')).toBe(before)
  expect(answers.kept).toBe(1)
  expect(() => answers.finish(join(folder, 'out'))).toThrow(OutputFailed)
  answers.close()

  disk.left = Number.POSITIVE_INFINITY
  const again = await AnswerFile.open(part, {}, false)
  expect([...again.answered]).toEqual(['1'])
  again.add({ key: '1', line: 1 })
  again.add(answer('2'))
  again.finish(join(folder, 'out'))
  again.close()
  expect(readFileSync(join(folder, 'out'), 'utf8').match(/batch_req_\d/g)).toEqual(['batch_req_1', 'batch_req_2'])
})
