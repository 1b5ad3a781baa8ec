import type { Engine } from '../engine/interface'
import { headerLine, toLine } from './event-lines'

/** A recording that is under way. */
export interface Recording {
  /** Ends it. @returns the file, for `play`: gzip of lines of JSON, one that says what it is and one for each event */
  stop(): Promise<Blob>
}

/** Records how the engine stands, soon, and what it does from then on, as `watch` tells it. In memory are compressed bytes alone. */
export function record(engine: Pick<Engine, 'watch' | 'inspect' | 'modelName'>): Recording {
  const { readable, writable } = new CompressionStream('gzip')
  const file = new Response(readable).blob()
  const writer = writable.getWriter()
  const encoder = new TextEncoder()
  const write = (lines: readonly string[]) => writer.write(encoder.encode(lines.map(line => `${line}\n`).join('')))
  let writing = write([headerLine(engine.modelName)])
  const unwatch = engine.watch(events => {
    writing = write(events.map(toLine))
    // one that fails fails when it is stopped, and with it all that follow
    writing.catch(() => undefined)
  })
  return {
    async stop() {
      // so that what has changed since the last event is told of; an engine that is disposed has told of its end
      await engine.inspect().catch(() => undefined)
      unwatch()
      await writing
      await writer.close()
      return file
    },
  }
}
