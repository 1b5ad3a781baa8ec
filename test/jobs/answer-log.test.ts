import { expect, test } from 'vitest'
import type { BatchResponse } from '../../src/batch'
import { AnswerLog, SEGMENT_BYTES } from '../../src/jobs/answer-log'
import { memoryStore } from '../support/memory-store'
import { random } from '../support/random'

function answer(line: number, text = 'é🌱'): BatchResponse {
  const body = { choices: [{ text }], usage: { prompt_tokens: 2, completion_tokens: line } }
  const response = { status_code: 200, request_id: `cmpl-${line}`, body } as const
  return { id: `batch_req_${line}`, custom_id: `row-${line}`, response, error: null }
}

/** A store with the log of these answers, and where its only segment lies. */
async function written(...lines: number[]) {
  const store = memoryStore()
  const log = new AnswerLog(store, 'log')
  for (const line of lines) log.add(answer(line))
  await log.flush()
  const [path] = [...store.contents.keys()]
  return { store, path, bytes: store.contents.get(path) ?? new Uint8Array() }
}

async function readAll(log: AnswerLog): Promise<BatchResponse[]> {
  await log.follow()
  return Promise.all(log.answers.map(kept => log.read(kept)))
}

test('what was flushed is read by whoever opens the log, in the order in which it came', async () => {
  const { store } = await written(3, 1, 2)
  const log = new AnswerLog(store, 'log')
  expect(await readAll(log)).toEqual([answer(3), answer(1), answer(2)])
  expect(log.counts).toEqual({ done: 3, failed: 0, promptTokens: 6, decodeTokens: 6 })
  expect(log.inOrder().map(({ line }) => line)).toEqual([1, 2, 3])
})

test('what is not flushed is not there, and what cannot be written is flushed later', async () => {
  const store = memoryStore()
  const log = new AnswerLog(store, 'log')
  log.add(answer(1))
  expect([log.answers.length, log.numPending, store.contents.size]).toEqual([0, 1, 0])
  store.capacity = 10
  await expect(log.flush()).rejects.toThrow('no room')
  log.add(answer(2))
  store.capacity = Number.POSITIVE_INFINITY
  await log.flush()
  expect(await readAll(new AnswerLog(store, 'log'))).toEqual([answer(1), answer(2)])
})

test('flushes at one time are one write after the other, to one segment', async () => {
  const store = memoryStore()
  const log = new AnswerLog(store, 'log')
  const flushes = [1, 2, 3].map(line => {
    log.add(answer(line))
    return log.flush()
  })
  const [first, ...others] = await Promise.all(flushes)
  expect([store.contents.size, typeof first, ...others]).toEqual([1, 'string', undefined, undefined])
  expect(log.answers.map(({ line }) => line)).toEqual([1, 2, 3])
})

test('cut at any byte, a log has the answers that are whole, and the rest can be added', async () => {
  const { store, path, bytes } = await written(1, 2, 3)
  const ends = [...bytes.keys()].filter(at => bytes[at] === 10)
  for (let length = 0; length <= bytes.length; length++) {
    store.contents.set(path, bytes.slice(0, length))
    const log = new AnswerLog(store, 'log')
    const whole = ends.filter(end => end < length).length
    expect(await readAll(log), `${length} bytes`).toEqual([1, 2, 3].slice(0, whole).map(line => answer(line)))
    for (const line of [1, 2, 3]) if (!log.has(line)) log.add(answer(line))
    await log.flush()
    const again = await readAll(new AnswerLog(store, 'log'))
    expect(again, `${length} bytes`).toEqual([1, 2, 3].map(line => answer(line)))
    for (const added of [...store.contents.keys()].filter(each => each !== path)) store.contents.delete(added)
  }
})

test('an answer with any byte changed is none, and is named by its row where that can be read', async () => {
  const { store, path, bytes } = await written(1, 2, 3)
  const { int } = random(3)
  for (let at = 0; at < bytes.length; at++) {
    const spoilt = bytes.slice()
    spoilt[at] ^= 1 << int(0, 8)
    store.contents.set(path, spoilt)
    const log = new AnswerLog(store, 'log')
    const left = (await readAll(log)).map(({ custom_id: id }) => id)
    // a line feed that is gone makes one line of two
    expect([1, 2], `byte ${at}`).toContain(left.length)
    expect(log.damage.length, `byte ${at}`).toBeGreaterThan(0)
  }
  const named = bytes.slice()
  named[bytes.length - 5] ^= 1
  store.contents.set(path, named)
  const log = new AnswerLog(store, 'log')
  await log.follow()
  expect(log.damage).toEqual([
    expect.stringMatching(
      /^log\/0.*, byte \d+: \d+ bytes are damaged; they held the answer to row 3, which is computed again\.$/,
    ),
  ])
})

test('segments are left as they are once they are full, and one who comes later begins his own', async () => {
  const store = memoryStore()
  const log = new AnswerLog(store, 'log')
  const text = 'x'.repeat(SEGMENT_BYTES / 4)
  for (let line = 1; line <= 9; line++) {
    log.add(answer(line, text))
    await log.flush()
  }
  const before = new Map(store.contents)
  expect(before.size).toBe(3)
  const next = new AnswerLog(store, 'log')
  await next.follow()
  next.add(answer(10))
  await next.flush()
  for (const [path, bytes] of before) expect(store.contents.get(path)).toEqual(bytes)
  expect((await readAll(new AnswerLog(store, 'log'))).map(({ id }) => id)).toEqual(
    Array.from({ length: 10 }, (_, index) => `batch_req_${index + 1}`),
  )
})

test('one answer is kept of a row, whoever wrote another', async () => {
  const { store } = await written(1, 2)
  const late = new AnswerLog(store, 'log')
  late.add(answer(2, 'again'))
  late.add(answer(3))
  await late.flush()
  expect(await readAll(new AnswerLog(store, 'log'))).toHaveLength(3)
})

test('one who watches reads what an owner adds, segment by segment', async () => {
  const store = memoryStore()
  const [owner, watcher] = [new AnswerLog(store, 'log'), new AnswerLog(store, 'log')]
  for (const line of [2, 1, 3]) {
    owner.add(answer(line))
    await watcher.follow(await owner.flush())
    expect(await watcher.read(watcher.answers[watcher.answers.length - 1])).toEqual(answer(line))
  }
  expect(watcher.counts.done).toBe(3)
})
