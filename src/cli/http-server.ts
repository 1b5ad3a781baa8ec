import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { refusal } from '../api/openai/error-object'
import { UsageError } from './job-options'

/** Answers a request; rejects if whoever asked is gone. */
export type Answer = (request: Request) => Promise<Response>

export interface HttpServer {
  readonly url: string
  /** Takes no more requests. Those under way have so long to end; then they are cut off. */
  close(graceMs: number): Promise<void>
}

export interface HttpOptions {
  /** A port of the loopback address; 0: any that is free. */
  readonly port: number
  /** The key that requests must give; default: none is asked for. */
  readonly apiKey?: string
  /** Bytes of a body, at most; default: those of a job's line. */
  readonly maxBodyBytes?: number
}

/** Names by which this machine's own programs call it. Another is a page's whose domain was made to lead here. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

const MAX_BODY_BYTES = 32 * 1024 * 1024

/**
 * Serves HTTP to programs on this machine. Pages cannot get in: they are given no leave to read (CORS), bodies must be declared as JSON,
 * for which a page has to ask that leave first, and the host must be this machine by its own name.
 * @throws UsageError if the port is taken
 */
export async function serveHttp(answer: Answer, options: HttpOptions): Promise<HttpServer> {
  const { port, apiKey, maxBodyBytes = MAX_BODY_BYTES } = options
  const server = createServer((incoming, outgoing) => {
    const serve = async () => {
      const body = refuse(incoming, apiKey) ?? (await readBody(incoming, maxBodyBytes))
      await send(body instanceof Response ? body : await answer(requestOf(incoming, outgoing, body)), outgoing)
    }
    // whoever asked is gone, or what was answered in part cannot be answered to its end
    serve().catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(port, error)))
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: graceMs =>
      new Promise(resolve => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

function portError(port: number, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE')
    return new UsageError(`Port ${port} is taken. Give another --port; 0 is any free one.`)
  if (error.code === 'EACCES') return new UsageError(`Port ${port} is not for every user. Give another --port.`)
  return error
}

function refuse({ headers, method }: IncomingMessage, apiKey: string | undefined): Response | undefined {
  if (!LOOPBACK.test(headers.host ?? '')) {
    return refusal(403, `The host is ${headers.host}, but only localhost is served.`, { code: 'host_not_allowed' })
  }
  if (apiKey !== undefined && !isEqual(headers.authorization ?? '', `Bearer ${apiKey}`)) {
    const message = 'The API key is missing or wrong. Give it in the header `Authorization: Bearer …`.'
    return refusal(401, message, { code: 'invalid_api_key' }, { 'www-authenticate': 'Bearer' })
  }
  if (method === 'POST' && !/^application\/json\b/i.test(headers['content-type'] ?? '')) {
    return refusal(415, 'The header `Content-Type` must be application/json.', { code: 'unsupported_media_type' })
  }
  return undefined
}

/** Whether both are the same, in a time that does not depend on where they differ. */
function isEqual(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The body; the refusal of one that is larger than allowed, of which no more than that is kept. */
async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | Response> {
  const pieces: Buffer[] = []
  let numBytes = 0
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    numBytes += piece.length
    if (numBytes > maxBytes) {
      const message = `The body has more than ${maxBytes} bytes. Send less at a time.`
      return refusal(413, message, { code: 'request_too_large' }, { connection: 'close' })
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function requestOf(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Request {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const { method = 'GET', url = '/', headers } = incoming
  return new Request(new URL(url, `http://${headers.host}`), {
    method,
    headers: { 'content-type': headers['content-type'] ?? '' },
    body: body.length > 0 && method !== 'GET' && method !== 'HEAD' ? new Uint8Array(body) : undefined,
    signal: gone.signal,
  })
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  // a stream's first words are for now, not for when there are more
  outgoing.flushHeaders()
  if (!response.body) return void outgoing.end()
  await pipeline(Readable.fromWeb(response.body as never), outgoing)
}
