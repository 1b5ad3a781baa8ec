import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BatchResponse } from '../../src/batch'
import { AnswerFile, OutputFailed } from '../../src/cli/answer-file'
import { UsageError } from '../../src/cli/job-options'

const SETTINGS = { model: 'm', maxTokens: 5 }

let folder: string
let part: string
let out: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coppice-answers-'))
  part = join(folder, 'out.jsonl.part')
  out = join(folder, 'out.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (settings = SETTINGS, restart = false) => AnswerFile.open(part, settings, restart)

function good(line: number, customId: string): BatchResponse {
  const body = { id: `cmpl-${line}`, choices: [{ text: 'é🌱' }] }
  const response = { status_code: 200, request_id: `cmpl-${line}`, body } as const
  return { id: `batch_req_${line}`, custom_id: customId, response, error: null }
}

const bad = (line: number): BatchResponse => ({
  id: `batch_req_${line}`,
  custom_id: 'bad',
  response: null,
  error: { code: 'InvalidRequest', message: `Line ${line}: no.`, line },
})

const written = (): BatchResponse[] =>
  readFileSync(out, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

/** A run that ends without a word, as a killed process does. */
async function answeredThenKilled(...ids: string[]): Promise<void> {
  const answers = await open()
  for (const [index, id] of ids.entries()) answers.add({ key: `hash ${id}`, response: good(index + 1, id) })
}

it('answers come in any order and are put in that of their lines', async () => {
  const answers = await open()
  const [first, second, third] = [good(1, 'a'), bad(2), good(30, 'c')]
  for (const response of [third, first, second]) answers.add({ key: response.custom_id, response })
  answers.finish(out)
  answers.close()
  expect(written()).toEqual([first, second, third])
  expect(existsSync(part)).toBe(false)
})

it('what a killed run has answered is in the file, a line each, and the next one knows it', async () => {
  await answeredThenKilled('a', 'b')
  expect(readFileSync(part, 'utf8').split('\n')).toHaveLength(4)
  const answers = await open()
  expect([...answers.answered]).toEqual(['hash a', 'hash b'])
  expect(answers.kept).toBe(2)
  answers.add({ key: 'hash a', line: 1 })
  answers.add({ key: 'hash b', line: 2 })
  answers.add({ key: 'hash c', response: good(3, 'c') })
  expect(answers.kept).toBe(3)
  answers.finish(out)
  answers.close()
  expect(written()).toEqual([good(1, 'a'), good(2, 'b'), good(3, 'c')])
})

it('an answer goes where its request is now, and one whose request is gone is left out', async () => {
  await answeredThenKilled('a', 'b')
  const answers = await open()
  answers.add({ key: 'hash b', line: 7 })
  answers.finish(out)
  answers.close()
  expect(written()).toEqual([{ ...good(7, 'b') }])
})

it('a failed request is tried again', async () => {
  const before = await open()
  before.add({ key: 'hash bad', response: bad(1) })
  const answers = await open()
  expect(answers.answered.size).toBe(0)
  answers.add({ key: 'hash bad', response: good(1, 'bad') })
  answers.finish(out)
  answers.close()
  expect(written()).toEqual([good(1, 'bad')])
})

it.each([1, 40, 150])('a last answer torn %i bytes before its end does not count, nor spoil the next', async bytes => {
  await answeredThenKilled('a', 'b')
  truncateSync(part, readFileSync(part).length - bytes)
  const answers = await open()
  expect([...answers.answered]).toEqual(['hash a'])
  answers.add({ key: 'hash a', line: 1 })
  answers.add({ key: 'hash b', response: good(2, 'b') })
  answers.finish(out)
  answers.close()
  expect(written()).toEqual([good(1, 'a'), good(2, 'b')])
})

it('what a crash of the machine left amid the file is passed over', async () => {
  await answeredThenKilled('a')
  appendFileSync(part, '\0\0\0\n{"half\n')
  const spoilt = readFileSync(part, 'utf8').split('\n')[1].replace('"choices"', '"choicez"')
  appendFileSync(part, `${spoilt.replace('batch_req_1', 'batch_req_9')}\n`)
  const answers = await open()
  expect(answers.damage).toHaveLength(3)
  expect(answers.damage[2]).toMatch(/ bytes are damaged; they held the answer to row 9, which is computed again\.$/)
  answers.add({ key: 'hash a', line: 1 })
  answers.add({ key: 'hash b', response: good(2, 'b') })
  answers.finish(out)
  answers.close()
  expect(written().map(({ custom_id: id }) => id)).toEqual(['a', 'b'])
})

it('answers of another model, or of other limits, are not mixed in', async () => {
  await answeredThenKilled('a')
  const before = readFileSync(part)
  await expect(open({ model: 'm', maxTokens: 6 })).rejects.toThrow(
    `${part} has answers of other settings: {"model":"m","maxTokens":5}, not {"model":"m","maxTokens":6}.`,
  )
  expect(readFileSync(part)).toEqual(before)
})

it('`restart` begins anew', async () => {
  await answeredThenKilled('a')
  const answers = await open({ model: 'other', maxTokens: 6 }, true)
  expect(answers.kept).toBe(0)
  answers.close()
  expect(existsSync(part)).toBe(false)
})

it.each(['mine', 'mine\n', '{"mine": 1}\n', 'null\n'])('a file of somebody else’s is left as it is: %j', async text => {
  writeFileSync(part, text)
  await expect(open()).rejects.toThrow(UsageError)
  expect(readFileSync(part, 'utf8')).toBe(text)
})

it('two commands do not write to one file, and one that has ended holds nobody up', async () => {
  // the process that runs this one’s
  writeFileSync(`${part}.lock`, String(process.ppid))
  await expect(open()).rejects.toThrow(UsageError)
  await expect(open()).rejects.toThrow(`${part} is worked on by process ${process.ppid} already.`)
  writeFileSync(`${part}.lock`, '999999999')
  const answers = await open()
  answers.close()
  expect(existsSync(`${part}.lock`)).toBe(false)
})

it('a file without answers does not stay', async () => {
  const answers = await open()
  answers.close()
  expect(existsSync(part)).toBe(false)
})

it('answers that cannot be put in order stay where they are', async () => {
  const answers = await open()
  answers.add({ key: 'a', response: good(1, 'a') })
  expect(() => answers.finish(join(folder, 'gone', 'out.jsonl'))).toThrow(OutputFailed)
  expect(answers.kept).toBe(1)
  answers.close()
  expect((await open()).kept).toBe(1)
})

it('the lock is given back last: until then nobody else may have written here', async () => {
  const answers = await open()
  // one that cannot be given back
  rmSync(`${part}.lock`)
  mkdirSync(`${part}.lock`)
  expect(() => answers.close()).toThrow()
  expect(existsSync(part)).toBe(false)
})
