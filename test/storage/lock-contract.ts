import { expect, test } from 'vitest'
import { Deferred } from '../../src/core/deferred'
import { withLock } from '../../src/storage/lock'

const never = new AbortController().signal

/** Work that lasts until it is told to end, and writes to `log` when it begins and ends. */
function work(name: string, log: string[]) {
  const told = new Deferred<void>()
  const run = async () => {
    log.push(`${name} begins`)
    await told.promise
    log.push(`${name} ends`)
  }
  return { run, end: () => told.resolve() }
}

/** The promises of a lock, whether the platform has it or not. */
export function lockContract(): void {
  test('one at a time works under a name, in the order of coming; another name waits for nobody', async () => {
    const log: string[] = []
    const [first, second, other] = ['first', 'second', 'other'].map(name => work(name, log))
    const turns = [withLock('a', never, first.run), withLock('a', never, second.run)]
    other.end()
    await withLock('b', never, other.run)
    second.end()
    first.end()
    await Promise.all(turns)
    const inTurn = ['first begins', 'first ends', 'second begins', 'second ends']
    expect(log.filter(line => !line.startsWith('other'))).toEqual(inTurn)
  })

  test('who is aborted while waiting rejects with the reason, and does not begin', async () => {
    const log: string[] = []
    const [first, second] = ['first', 'second'].map(name => work(name, log))
    const stop = new AbortController()
    const turn = withLock('a', never, first.run)
    const waiting = withLock('a', stop.signal, second.run)
    const reason = new Error('enough')
    stop.abort(reason)
    first.end()
    await expect(waiting).rejects.toBe(reason)
    await turn
    expect(log).toEqual(['first begins', 'first ends'])
  })

  test('work that fails leaves the name to the next', async () => {
    const failing = withLock('a', never, () => Promise.reject(new Error('no')))
    const next = withLock('a', never, async () => undefined)
    await expect(failing).rejects.toThrow('no')
    await next
  })
}
