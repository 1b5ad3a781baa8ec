import { Deferred } from '../core/deferred'
import { codeOf, EXIT, sayError } from './exit-codes'
import { type Answer, type HttpServer, serveHttp } from './http-server'
import { publicName, resolveModel } from './serve'
import { parseServeCommand, SERVE_USAGE, type ServeCommand } from './serve-options'
import type { ServeRuntime } from './serve-runtime'

/** How long requests under way have when the command is told to end. */
const GRACE_MS = 10_000

/** Signals within this time are one: npm passes on to us what the terminal has sent us already. */
const SAME_SIGNAL_MS = 500

/** Offers an engine over HTTP until a signal ends it. */
export async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(SERVE_USAGE)
    return EXIT.ok
  }
  const stop = new AbortController()
  let server: HttpServer | undefined
  const stopped = new Deferred<void>()
  let toldAt: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      toldAt ??= performance.now()
      stop.abort(new DOMException(signal, 'AbortError'))
      stopped.resolve()
      if (performance.now() - toldAt > SAME_SIGNAL_MS) void server?.close(0)
    })
  }
  try {
    const { port, apiKey, model, maxTokens, engine, runtime } = parseServeCommand(args, process.env)
    const modelName = publicName(model)
    const input = { model: resolveModel(model), modelName, engine, maxTokens }
    const opened = new Deferred<Answer>()
    // before the model, which takes its time: a port that is taken is told at once, and requests wait until they can be answered
    server = await serveHttp(async request => (await opened.promise)(request), { port, apiKey })
    const { url } = server
    const onLoad = (text: string) => process.stderr.isTTY && process.stderr.write(`\r${text}\x1b[K`)
    await (await runtimeOf(runtime))(input, onLoad, stop.signal, async answer => {
      opened.resolve(answer)
      console.log(`${modelName} is served at ${url}/v1`)
      await stopped.promise
      await server?.close(GRACE_MS)
    })
    return EXIT.ok
  } catch (error) {
    if (stop.signal.aborted) return EXIT.ok
    sayError(error)
    if (codeOf(error) === EXIT.usage) console.error(`\n${SERVE_USAGE}`)
    return codeOf(error)
  } finally {
    await server?.close(0)
  }
}

/** Only the one that is asked for: the engine and its modules take 150 MB of a command that leaves them to a page. */
async function runtimeOf(runtime: ServeCommand['runtime']): Promise<ServeRuntime> {
  if (runtime === 'node') return (await import('./serve-in-node')).serveInNode
  return (await import('./serve-in-chrome')).serveInChrome
}
