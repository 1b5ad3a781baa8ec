import { InvalidRequest, WorkerFailed } from '../core/errors'
import { moduleWorker } from '../core/module-worker'
import { pause } from '../core/pause'
import { CONNECT, KEEP_ALIVE } from './protocol'

/** A thread with a host in it, or that is to have one. */
export interface HostThread {
  /** Its script's, for people. */
  readonly url: string
  /** Where the page's port is sent. */
  readonly door: Pick<MessagePort, 'postMessage'>
  /** Where it tells of errors. */
  readonly worker: EventTarget
  /** Whether it may go on without this page, and serves those of other tabs. */
  readonly isShared: boolean
  /** The engine is done, or did not come. */
  readonly leave: () => void
}

/** The time between a page's signs of life to a service worker, which browsers stop after 30 s of nothing. */
const KEEP_ALIVE_MS = 15_000

/** A worker of the engine's own. @throws WorkerFailed where a policy forbids it at once */
export function startWorker(workerUrl?: string | URL): HostThread {
  if (typeof Worker === 'undefined') {
    throw new WorkerFailed('There are no workers here. Use `createEngine` of coppice, which runs on this thread.')
  }
  const [url, worker] = start(Worker, workerUrl, { name: 'coppice' })
  return { url, worker, door: worker, isShared: false, leave: () => worker.terminate() }
}

/** The worker of all tabs that load the same file. @throws WorkerFailed where a policy forbids it at once */
export function startSharedWorker(workerUrl?: string | URL): HostThread {
  // by its name it is of one version of the protocol; where browsers can, it outlives a reload of the only tab
  const options: WorkerOptions & { extendedLifetime: boolean } = { name: CONNECT, extendedLifetime: true }
  const [url, worker] = start(SharedWorker, workerUrl, options)
  return { url, worker, door: worker.port, isShared: true, leave: () => worker.port.close() }
}

/** A worker of the caller's, of any kind: it has more to do, perhaps, and is left as it is. @throws InvalidRequest */
export function givenThread(worker: Worker | SharedWorker | ServiceWorker): HostThread {
  const url = 'given'
  if (typeof worker === 'object' && worker !== null) {
    if ('port' in worker) return { url, worker, door: worker.port, isShared: true, leave: () => undefined }
    if ('scriptURL' in worker) {
      const timer = setInterval(() => worker.postMessage(KEEP_ALIVE), KEEP_ALIVE_MS)
      return { url: worker.scriptURL, worker, door: worker, isShared: true, leave: () => clearInterval(timer) }
    }
    if (typeof worker.postMessage === 'function') {
      return { url, worker, door: worker, isShared: false, leave: () => undefined }
    }
  }
  throw new InvalidRequest(
    `Engine option worker is ${String(worker)}, but must be true, 'shared', or a Worker, SharedWorker or ServiceWorker.`,
  )
}

function start<T extends Worker | SharedWorker>(
  Kind: new (url: string, options: WorkerOptions) => T,
  workerUrl: string | URL | undefined,
  options: WorkerOptions,
): [url: string, worker: T] {
  // in this form, which bundlers look for; Vite is not to, since a library's build would write the file into the URL
  const url = String(workerUrl ?? new URL(/* @vite-ignore */ './host-worker.ts', import.meta.url))
  try {
    return [url, moduleWorker(Kind, url, options)]
  } catch (cause) {
    throw new WorkerFailed(`The engine's worker at ${url} is refused: ${String(cause)} ${advice}`, { cause })
  }
}

const advice =
  'Its file is the module coppice/host: serve it beside the bundle, or say where it is in the option workerUrl; the ' +
  "page's policy must allow it in worker-src, and the policy coppice in trusted-types."

/** Calls `onDeath` when the worker fails, at its start or later. Returns what ends that. */
export function watchWorker({ worker, url }: HostThread, onDeath: (error: WorkerFailed) => void): () => void {
  let directive: string | undefined
  const onViolation = ({ blockedURI, effectiveDirective }: SecurityPolicyViolationEvent) => {
    if (url.startsWith(blockedURI)) directive = effectiveDirective
  }
  const onError = async (event: Event) => {
    // a policy that forbids the worker is told of by another event, perhaps later
    await pause()
    const { message } = event as Partial<ErrorEvent>
    const what = directive ? `the page's policy forbids it (${directive})` : message || 'its file does not load'
    onDeath(new WorkerFailed(`The engine's worker ${url} failed: ${what}. ${advice}`))
  }
  globalThis.addEventListener?.('securitypolicyviolation', onViolation)
  worker.addEventListener('error', onError)
  return () => {
    globalThis.removeEventListener?.('securitypolicyviolation', onViolation)
    worker.removeEventListener('error', onError)
  }
}
