import { abortError } from './errors'

/**
 * What the promise comes to, or at once the signal's reason when that aborts first: for what cannot be told to stop.
 * `late` gets what comes when nobody waits for it any more.
 */
export function orAborted<T>(promise: Promise<T>, signal?: AbortSignal, late?: (value: T) => void): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(abortError(signal))
      promise.then(late, () => undefined)
    }
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
