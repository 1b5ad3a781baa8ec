import { abortError } from '../core/errors'

/** The end of the last work under each name, where the platform has no locks: there is only one tab then. */
const queues = new Map<string, Promise<unknown>>()

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
