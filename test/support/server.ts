import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestServer {
  /** Without a slash at its end. */
  readonly url: string
  /** What was asked for since the start. */
  readonly requests: IncomingMessage[]
  close(): void
}

/** A server on this machine that answers as it is told. */
export async function startServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Answers with `bytes`, or the range of them that is asked for. */
export function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  const [, first] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
  const begin = Number(first ?? 0)
  const range = { 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` }
  response.writeHead(first === undefined ? 200 : 206, { ...(first === undefined ? {} : range), ...headers })
  response.end(bytes.subarray(begin))
}
