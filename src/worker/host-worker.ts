/** `coppice/host`: the module of a worker that engines run in, for pages that ask. */
import { UnsupportedDevice, WorkerFailed } from '../core/errors'
import { createEngine } from '../engine/open/create-engine'
import { serve } from './host'
import { CONNECT, KEEP_ALIVE } from './protocol'
import { SharedEngines } from './shared-engines'

/** Longer than a hidden page may have to wait for its turn to say that it is still there. */
const ALIVE_MS = 90_000

interface WorkerMessage extends MessageEvent {
  /** In a service worker, which goes on that long. */
  waitUntil?(promise: Promise<unknown>): void
}

function listen(door: EventTarget, accept: (port: MessagePort) => void): void {
  door.addEventListener('message', event => {
    const { data, ports, waitUntil } = event as WorkerMessage
    if (data === CONNECT && ports[0]) accept(ports[0])
    if (data === KEEP_ALIVE) waitUntil?.call(event, new Promise(resolve => setTimeout(resolve, ALIVE_MS)))
  })
}

/** Engines of pages of several tabs, until an error escapes: then nothing here can be trusted any more, and others begin. */
class SharedHosts {
  readonly #engines = new SharedEngines(openWithGpu)
  readonly #failed = new AbortController()

  accept(port: MessagePort): void {
    const { open, release } = this.#engines
    serve(port, open, { release, failed: this.#failed.signal })
  }

  fail(message: string): void {
    this.#failed.abort(new WorkerFailed(`The engine's worker failed: ${message}. Create a new engine.`))
    this.#engines.dispose()
  }
}

const openWithGpu: typeof createEngine = async (location, options) => {
  // at once, so that the page can take a worker of its own instead
  if (!navigator.gpu) throw new UnsupportedDevice('There is no WebGPU in workers that tabs share.')
  return createEngine(location, options)
}

if ('DedicatedWorkerGlobalScope' in self) listen(self, port => serve(port))
else {
  let hosts = new SharedHosts()
  const accept = (port: MessagePort) => hosts.accept(port)
  // a service worker's pages speak to it, a shared worker's to ports
  listen(self, accept)
  self.addEventListener('connect', event => {
    const [port] = (event as MessageEvent).ports
    listen(port, accept)
    port.start()
  })
  // the platform tells pages of this in a worker of their own only
  self.addEventListener('error', ({ message }) => {
    hosts.fail(message)
    hosts = new SharedHosts()
  })
}
