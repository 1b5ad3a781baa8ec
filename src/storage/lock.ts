import { abortError } from '../core/errors'

/** The end of the last work under each name, where the platform has no locks: there is only one tab then. */
const queues = new Map<string, Promise<unknown>>()

/** Does `work` under a name as `withLock` does, if nobody else has it now; undefined if somebody has. */
export async function withFreeLock(
  name: string,
  work: () => Promise<void>,
): Promise<{ turn: Promise<void> } | undefined> {
  const { locks } = globalThis.navigator ?? {}
  if (!locks) return queues.has(name) ? undefined : { turn: withLock(name, new AbortController().signal, work) }
  return new Promise((resolve, reject) => {
    const turn: Promise<void> = locks.request(name, { ifAvailable: true }, lock => {
      resolve(lock ? { turn } : undefined)
      return lock ? work() : undefined
    })
    turn.catch(reject)
  })
}

/**
 * Does `work` while nobody else in any tab of this origin does any under the same name. Aborting ends the waiting, with
 * the signal's reason.
 */
export async function withLock(name: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  if (globalThis.navigator?.locks) return navigator.locks.request(name, { signal }, work)
  const previous = queues.get(name)
  const turn = (async () => {
    await previous
    if (signal.aborted) throw abortError(signal)
    await work()
  })()
  const end = turn.catch(() => undefined)
  queues.set(name, end)
  void end.then(() => queues.get(name) === end && queues.delete(name))
  return turn
}
