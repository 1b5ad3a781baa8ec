import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import type { BatchResponse } from '../../src/batch'
import type { Answer } from '../../src/cli/answer-file'
import { JobChannel } from '../../src/cli/job-channel'
import { Outbox } from '../../src/pages/job/outbox'

const folder = mkdtempSync(join(tmpdir(), 'coppice-channel-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A channel on a server of its own. */
async function opened(path: string, onAnswer: (answer: Answer) => void = () => undefined) {
  const onProgress = vi.fn()
  const engine = {}
  const input = { path, answered: new Set(['a', 'b']), model: '', modelName: '', engine, maxTokens: undefined }
  const channel = new JobChannel(input, { onLoad: () => undefined, onAnswer, onProgress })
  const server = createServer((request, response) => {
    if (!channel.handle(request, response)) response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { channel, onProgress, origin, url: `${origin}${channel.path}`, [Symbol.dispose]: close }
}

const input = join(folder, 'in.jsonl')
writeFileSync(input, 'one\ntwo')
const answer = (key: string) => ({ key, response: { id: key } as BatchResponse })
const progress = { done: 1, total: 2, decodeTokens: 3, elapsedMs: 4 }

it('a page gets the lines and what has been answered, and nobody else does', async () => {
  using opening = await opened(input)
  const { url, origin } = opening
  expect(await (await fetch(`${url}lines`)).text()).toBe('one\ntwo')
  expect(await (await fetch(`${url}answered`)).json()).toEqual(['a', 'b'])
  for (const other of [`${origin}/lines`, `${origin}/job-/lines`, `${url}other`]) {
    expect((await fetch(other)).status).toBe(404)
  }
})

it('answers arrive in the order in which they were given, many in a post', async () => {
  const kept: string[] = []
  using opening = await opened(input, ({ key }) => kept.push(key))
  const { url, onProgress } = opening
  const outbox = new Outbox(`${url}answers`, error => expect.fail(String(error)))
  const keys = Array.from({ length: 1000 }, (_, index) => String(index))
  for (const key of keys.slice(0, 600)) outbox.put(answer(key))
  outbox.report(progress)
  await outbox.empty
  for (const key of keys.slice(600)) outbox.put(answer(key))
  await outbox.empty
  expect(kept).toEqual(keys)
  expect(onProgress).toHaveBeenCalledWith(progress)
  expect(onProgress.mock.calls.length).toBeLessThan(10)
})

it('an answer that cannot be kept ends the job, here and in the page', async () => {
  const full = new Error('ENOSPC')
  using opening = await opened(input, () => {
    throw full
  })
  const { channel, url } = opening
  const onFailed = vi.fn()
  const outbox = new Outbox(`${url}answers`, onFailed)
  outbox.put(answer('a'))
  await expect(channel.failed).rejects.toBe(full)
  await outbox.empty
  expect(onFailed).toHaveBeenCalledOnce()
})

it('lines that end before their end are an error of the page', async () => {
  using opening = await opened(join(folder, 'gone.jsonl'))
  await expect(fetch(`${opening.url}lines`).then(response => response.text())).rejects.toThrow()
})
