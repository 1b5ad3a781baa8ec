import type { NullGpuOptions } from '../../src/bench/common/null-gpu'
import type { Engine, EngineOptions } from '../../src/index'
import { type Connection, connect } from '../../src/worker/create-engine'
import { serve } from '../../src/worker/host'
import type { HostMessage } from '../../src/worker/protocol'
import { openEngine, tinyModel } from '../null-gpu/open'

export interface Opened {
  readonly engine: Engine
  /** The engine at the other end. */
  readonly local: Engine
  /** This end. */
  readonly port: MessagePort
  /** Messages that the host has sent. */
  readonly received: readonly HostMessage[]
  /** Ends the host as a worker's death does. */
  readonly kill: () => void
}

/** An engine on a GPU that does nothing, behind a port of this process. */
export async function openRemote(
  options: EngineOptions = {},
  gpu: NullGpuOptions = {},
  connection: Partial<Connection> = {},
): Promise<Opened> {
  const { port1, port2 } = new MessageChannel()
  const received: HostMessage[] = []
  port1.addEventListener('message', ({ data }) => received.push(data))
  let local: Engine | undefined
  serve(port2, async (_, given) => {
    local = await openEngine(tinyModel(), given, gpu)
    return local
  })
  const opening = { location: 'tiny', options }
  const engine = await connect(port1, opening, { close: () => undefined, ...connection })
  if (!local) throw new Error('no engine was opened')
  return { engine, local, port: port1, received, kill: () => port2.close() }
}
