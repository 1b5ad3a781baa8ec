/**
 * How one thread learns that another has ended: a lock that it held is free. A worker that somebody terminates tells of nothing, and
 * its ports' `close` is in some browsers only, and comes late there; nor does a shared worker hear of a tab that is closed.
 */

/** Holds a lock until the signal or the end of this thread; its name, once it is held, or undefined where there are no locks. */
export async function holdLock(signal: AbortSignal): Promise<string | undefined> {
  const locks = globalThis.navigator?.locks
  if (!locks) return undefined
  const name = `coppice-life-${crypto.randomUUID()}`
  return new Promise(resolve => {
    const hold = () => {
      resolve(name)
      return new Promise(release => signal.addEventListener('abort', release))
    }
    // a page without an origin of its own may ask for none
    locks.request(name, hold).catch(() => resolve(undefined))
  })
}

/** Calls `onFree` when nobody holds the lock any more; not after the signal. */
export function whenFree(name: string, signal: AbortSignal, onFree: () => void): void {
  // shared, so that all who wait are told at once
  const waiting = globalThis.navigator.locks.request(name, { signal, mode: 'shared' }, () => onFree())
  waiting.catch(() => undefined)
}
