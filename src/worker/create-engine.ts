import { Deferred } from '../core/deferred'
import { abortError, type DeviceLost, Disposed, UnsupportedDevice, WorkerFailed } from '../core/errors'
import type { Engine } from '../engine/interface'
import type { ModelLocation } from '../engine/open/open-source'
import type { EngineOptions } from '../engine/options'
import type { ModelSource } from '../loader'
import type { PackingOptions } from '../packing/worker-packer'
import { crossing } from './crossing'
import { holdLock, whenFree } from './life'
import { Link } from './link'
import { type About, CONNECT, type Opening, type SharingOptions } from './protocol'
import { RemoteEngine } from './remote-engine'
import { givenThread, type HostThread, startSharedWorker, startWorker, watchWorker } from './start-worker'

/** The engine options that are data, and where the engine is to run. */
export interface WorkerEngineOptions extends Omit<EngineOptions, 'gpu' | 'device' | 'packing'>, SharingOptions {
  /**
   * `true`, the default: a worker of its own. `'shared'`: one for all tabs of this site that ask for the same model with the same
   * options, which has it once; where none can have WebGPU, one of its own (`engine.decisions` says so). Or a worker of the
   * caller's, whose script imports `coppice/host`: tabs share the engine of a SharedWorker or a ServiceWorker.
   */
  readonly worker?: true | 'shared' | Worker | SharedWorker | ServiceWorker
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
  const { worker = true, workerUrl, signal, onProgress, ...others } = options
  if (signal?.aborted) throw abortError(signal)
  const opening = crossing(location, others)
  const hooks = { signal, onProgress }
  if (worker === true) return openIn(startWorker(workerUrl), opening, hooks)
  if (worker !== 'shared') return openIn(givenThread(worker), opening, hooks)
  const shared = await openShared(workerUrl, opening, hooks)
  if (typeof shared !== 'string') return shared
  const { graceMs, ...alone } = opening.options
  const decision = `engine in a worker of this page alone, which tabs do not share: ${shared}`
  return openIn(startWorker(workerUrl), { ...opening, options: alone }, { ...hooks, decision })
}

/** An engine that tabs share; or why there can be none, for people. */
async function openShared(workerUrl: string | URL | undefined, opening: Opening, hooks: Hooks) {
  if (typeof SharedWorker === 'undefined') return 'there are no shared workers here'
  try {
    return await openIn(startSharedWorker(workerUrl), opening, hooks)
  } catch (error) {
    if (error instanceof UnsupportedDevice) return error.message
    throw error
  }
}

/** What stays with the page of its options, and what was decided on this side. */
interface Hooks extends Pick<EngineOptions, 'signal' | 'onProgress'> {
  readonly decision?: string
}

async function openIn(thread: HostThread, opening: Opening, hooks: Hooks): Promise<Engine> {
  const { port1, port2 } = new MessageChannel()
  const died = new Deferred<WorkerFailed>()
  const unwatch = watchWorker(thread, died.resolve)
  const timer = setTimeout(() => {
    const seconds = MAX_START_MS / 1000
    died.resolve(
      new WorkerFailed(
        `The engine's worker ${thread.url} has not answered within ${seconds} s: it must import coppice/host.`,
      ),
    )
  }, MAX_START_MS)
  const close = () => {
    clearTimeout(timer)
    unwatch()
    thread.leave()
  }
  thread.door.postMessage(CONNECT, [port2])
  return connect(port1, opening, {
    ...hooks,
    isShared: thread.isShared,
    died: died.promise,
    onReady: () => clearTimeout(timer),
    close,
  })
}

export interface Connection extends Hooks {
  /** Whether the other side may outlive this one, and must know when that ends. */
  readonly isShared?: boolean
  /** Resolves when the other side is known to be gone; the port tells so too where it can. */
  readonly died?: Promise<WorkerFailed>
  readonly onReady?: () => void
  /** The other side has served, or failed. */
  readonly close: () => void
}

/** An engine at the other end of a port, where a host serves. */
export async function connect(port: MessagePort, opening: Opening, connection: Connection): Promise<Engine> {
  const { signal, onProgress, isShared, died, onReady, decision } = connection
  const closed = new AbortController()
  const close = () => {
    closed.abort()
    connection.close()
  }
  const lost = new Deferred<DeviceLost | WorkerFailed>()
  let engine: RemoteEngine | undefined
  const withDecision = (about: About) => ({
    ...about,
    decisions: decision ? [...about.decisions, decision] : about.decisions,
  })
  const link = new Link(port, {
    onProgress,
    onAbout: about => engine?.describe(withDecision(about)),
    onLost: error => (error instanceof WorkerFailed ? die(error) : lost.resolve(error as DeviceLost)),
    onUnreadable: () => die(new WorkerFailed("A message of the engine's worker cannot be read. Create a new engine.")),
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
    const ask = async (call: number) => {
      const lock = isShared ? await holdLock(closed.signal) : undefined
      link.post({ type: 'open', call, opening, lock })
    }
    const about = (await link.ask(ask, signal)) as About
    engine = new RemoteEngine(withDecision(about), link, lost.promise, close)
    return engine
  } catch (error) {
    // one that has opened meanwhile goes too
    link.post({ type: 'dispose' })
    link.fail(new Disposed('The engine did not open.'))
    close()
    throw error
  }
}
