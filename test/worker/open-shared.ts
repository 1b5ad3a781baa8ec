import { pause } from '../../src/core/pause'
import { createEngine, type Engine, type EngineOptions } from '../../src/index'
import { type Connection, connect } from '../../src/worker/create-engine'
import { serve } from '../../src/worker/host'
import type { Opening } from '../../src/worker/protocol'
import { SharedEngines } from '../../src/worker/shared-engines'
import { countingGpu } from '../null-gpu/counting-gpu'
import { tinyModel } from '../null-gpu/open'

export interface Tab {
  readonly engine: Engine
  /** Its port to the host. */
  readonly port: MessagePort
  /** The host's port to it. */
  readonly hostPort: MessagePort
}

export interface SharedHost {
  /** Buffers and devices that live. */
  readonly alive: { readonly buffers: number; readonly devices: number }
  /** Engines that were made. */
  readonly made: readonly Engine[]
  /** A tab that asks for an engine. */
  readonly tab: (options?: Opening['options'], connection?: Partial<Connection>) => Promise<Tab>
  /** What a tab does, without its port. */
  readonly engines: SharedEngines
  /** An error escapes. */
  readonly fail: (error: Error) => void
}

/** A host of engines on a GPU that does nothing, which tabs share, behind ports of this process. */
export function sharedHost(gpu: Parameters<typeof countingGpu>[0] = {}): SharedHost {
  const { gpu: counting, alive } = countingGpu({ mapAsync: pause, ...gpu })
  const made: Engine[] = []
  const engines = new SharedEngines(async (_, options: EngineOptions = {}) => {
    const fixed = { blocks: 256, study: { tuning: false }, gpu: counting }
    const engine = await createEngine(tinyModel(), { ...options, ...fixed })
    made.push(engine)
    return engine
  })
  const failed = new AbortController()
  const tab: SharedHost['tab'] = async (options = {}, connection = {}) => {
    const { port1, port2 } = new MessageChannel()
    serve(port2, engines.open, { release: engines.release, failed: failed.signal })
    const close = () => undefined
    const engine = await connect(port1, { location: 'tiny', options }, { isShared: true, close, ...connection })
    return { engine, port: port1, hostPort: port2 }
  }
  return { alive, made, engines, tab, fail: error => failed.abort(error) }
}
