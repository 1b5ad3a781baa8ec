import { Deferred } from '../core/deferred'
import { abortError, type DeviceLost, Disposed, InvalidRequest, WorkerFailed } from '../core/errors'
import type { Engine } from '../engine/interface'
import type { ModelLocation } from '../engine/open/open-source'
import type { EngineOptions } from '../engine/options'
import type { ModelSource } from '../loader'
import type { PackingOptions } from '../packing/worker-packer'
import { crossing } from './crossing'
import { whenFree } from './life'
import { Link } from './link'
import { type About, CONNECT, type Opening } from './protocol'
import { RemoteEngine } from './remote-engine'
import { startWorker, watchWorker } from './start-worker'

/** The engine options that are data, and where the engine is to run. */
export interface WorkerEngineOptions extends Omit<EngineOptions, 'gpu' | 'device' | 'packing'> {
  /** `true`, the default: a worker of its own. Or a worker of the caller's, whose script imports `coppice/host`. */
  readonly worker?: true | Worker
  /** Where the module `coppice/host` is served. Default: beside the library, where bundlers put it. */
  readonly workerUrl?: string | URL
  readonly packing?: Pick<PackingOptions, 'workerUrl'> & { readonly worker?: false }
}

/** The wait for a worker to say that a host is in it: its file comes over the network, and another's never says so. */
const MAX_START_MS = 60_000

/**
 * Loads a model and makes an engine of it, as `createEngine` of coppice does, in a worker.
 * @param location as there, but for a `ModelSource`, whose functions cannot cross
 * @throws what that throws · WorkerFailed
 */
export async function createEngine(
  location: Exclude<ModelLocation, ModelSource>,
  options: WorkerEngineOptions = {},
): Promise<Engine> {
  const { worker: choice = true, workerUrl, signal, onProgress, ...others } = options
  if (signal?.aborted) throw abortError(signal)
  if (choice !== true && typeof choice?.postMessage !== 'function') {
    throw new InvalidRequest(`Engine option worker is ${String(choice)}, but must be true or a Worker.`)
  }
  const opening = crossing(location, others)
  const { worker, url } = choice === true ? startWorker(workerUrl) : { worker: choice, url: 'given' }
  const { port1, port2 } = new MessageChannel()
  const died = new Deferred<WorkerFailed>()
  const unwatch = watchWorker(worker, url, died.resolve)
  const timer = setTimeout(() => {
    const seconds = MAX_START_MS / 1000
    died.resolve(
      new WorkerFailed(`The engine's worker ${url} has not answered within ${seconds} s: it must import coppice/host.`),
    )
  }, MAX_START_MS)
  const close = () => {
    clearTimeout(timer)
    unwatch()
    // a worker of the caller's has more to do, perhaps
    if (choice === true) worker.terminate()
  }
  worker.postMessage(CONNECT, [port2])
  return connect(port1, opening, {
    signal,
    onProgress,
    died: died.promise,
    onReady: () => clearTimeout(timer),
    close,
  })
}

export interface Connection extends Pick<EngineOptions, 'signal' | 'onProgress'> {
  /** Resolves when the other side is known to be gone; the port tells so too where it can. */
  readonly died?: Promise<WorkerFailed>
  readonly onReady?: () => void
  /** The other side has served, or failed. */
  readonly close: () => void
}

/** An engine at the other end of a port, where a host serves. */
export async function connect(port: MessagePort, opening: Opening, connection: Connection): Promise<Engine> {
  const { signal, onProgress, died, onReady } = connection
  const closed = new AbortController()
  const close = () => {
    closed.abort()
    connection.close()
  }
  const lost = new Deferred<DeviceLost | WorkerFailed>()
  let engine: RemoteEngine | undefined
  const link = new Link(port, {
    onProgress,
    onAbout: about => engine?.describe(about),
    onLost: error => lost.resolve(error as DeviceLost),
  })
  const die = (error: WorkerFailed) => {
    if (link.failure) return
    lost.resolve(error)
    link.fail(error)
    close()
  }
  const onEnd = () => {
    die(new WorkerFailed("The engine's worker has ended: it was terminated, or its thread died. Create a new engine."))
  }
  port.addEventListener('close', onEnd)
  void died?.then(die)
  void link.ready.then(lock => {
    onReady?.()
    if (lock !== undefined && !closed.signal.aborted) whenFree(lock, closed.signal, onEnd)
  })
  try {
    const about = await link.ask(call => link.post({ type: 'open', call, opening }), signal)
    engine = new RemoteEngine(about as About, link, lost.promise, close)
    return engine
  } catch (error) {
    // one that has opened meanwhile goes too
    link.post({ type: 'dispose' })
    link.fail(new Disposed('The engine did not open.'))
    close()
    throw error
  }
}
