import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, fakeBytes, fakeCommit, type Repository, type ServedRequest } from './fake-repository'

interface Session {
  repository: Repository
  served: ServedRequest[]
  /** Contents, by path. */
  contents: ReadonlyMap<string, Buffer>
  /** Faults not yet used, by path. */
  faults: Map<string, Fault[]>
  /** When the line is free again, in ms. */
  freeAt: number
  /** What the API says, once it was asked: hashes take long. */
  description?: string
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': '*',
  'access-control-expose-headers': 'ETag, Content-Range, Retry-After, X-Error-Code',
}
const PIECE_BYTES = 2 ** 16
const CATCH_UP_MS = 50

export interface FakeHub {
  readonly url: string
  /** Makes a repository of contents that are at hand; gives what has been served since. */
  put(name: string, contents: ReadonlyMap<string, Buffer>, bytesPerSecond?: number): readonly ServedRequest[]
  close(): void
}

/**
 * A server that plays the hub, for tests in Node and in browsers. `PUT /NAME` with a `Repository` makes one, whose hub
 * is `http://…/NAME`; `GET /NAME` answers with the requests served since.
 */
export async function startFakeHub(): Promise<FakeHub> {
  const sessions = new Map<string, Session>()
  const server: Server = createServer((request, response) => {
    serve(sessions, request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    put(name, contents, bytesPerSecond) {
      const served: ServedRequest[] = []
      sessions.set(name, { repository: { files: {}, bytesPerSecond }, contents, served, faults: new Map(), freeAt: 0 })
      return served
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function serve(sessions: Map<string, Session>, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '', 'http://host')
  const [, name, ...rest] = decodeURI(pathname).split('/')
  if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end()
  if (request.method === 'PUT') {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const repository: Repository = JSON.parse(Buffer.concat(chunks).toString())
    const faults = new Map(Object.entries(repository.faults ?? {}).map(([path, list]) => [path, [...list]]))
    const contents = new Map(
      Object.entries(repository.files).map(([path, file]) => [path, Buffer.from(fakeBytes(file))]),
    )
    sessions.set(name, { repository, contents, served: [], faults, freeAt: 0 })
    return void response.writeHead(204, CORS).end()
  }
  const session = sessions.get(name)
  if (!session) return void response.writeHead(404, CORS).end()
  if (rest.length === 0) return void response.writeHead(200, CORS).end(JSON.stringify(session.served))
  const { repository, served } = session
  const isApi = rest[0] === 'api'
  const path = isApi ? 'api' : rest.slice(4).join('/')
  const entry: { -readonly [key in keyof ServedRequest]: ServedRequest[key] } = {
    path,
    range: request.headers.range ?? null,
    bytes: 0,
  }
  served.push(entry)
  const { formerly } = repository
  if (formerly !== undefined && pathname.includes(`/${formerly}/`)) {
    const location = (request.url ?? '').replace(`/${formerly}/`, '/org/name/')
    return void response.writeHead(307, { ...CORS, location }).end()
  }
  const [, , org, model] = isApi ? rest : ['', '', rest[0], rest[1]]
  const fault = session.faults.get(path)?.shift() ?? {}
  const isAllowed =
    !repository.token || (repository.isGated && isApi) || request.headers.authorization === `Bearer ${repository.token}`
  const status = fault.status ?? (!isAllowed ? 401 : `${org}/${model}` === 'org/name' ? 200 : 404)
  if (status !== 200) {
    const retryAfter = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
    const code = fault.code === undefined ? {} : { 'x-error-code': fault.code }
    return void response.writeHead(status, { ...CORS, ...retryAfter, ...code }).end()
  }
  if (isApi && fault.stall) return
  if (isApi) {
    session.description ??= JSON.stringify(describe(session))
    return void response.writeHead(200, CORS).end(session.description)
  }
  if (rest[3] !== fakeCommit(repository) || !session.contents.has(path)) {
    return void response.writeHead(404, CORS).end()
  }
  await sendFile(session, path, fault, entry, request, response)
}

async function sendFile(
  session: Session,
  path: string,
  fault: Fault,
  entry: { bytes: number },
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { repository, contents } = session
  const file = contents.get(path) ?? Buffer.alloc(0)
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const isRange = first !== undefined && repository.ranges !== false
  const begin = isRange ? Number(first) : 0
  const end = isRange && last ? Math.min(file.length, Number(last) + 1) : file.length
  if (begin >= file.length && isRange) return void response.writeHead(416, CORS).end()
  const etag = fault.etag ?? `"${file.length}-${file.subarray(0, 64).toString('base64')}"`
  const range = isRange ? { 'content-range': `bytes ${begin}-${end - 1}/${fault.total ?? file.length}` } : {}
  const body = Buffer.concat([file.subarray(begin, end), Buffer.alloc(fault.surplus ?? 0)])
  if (fault.damage !== undefined && fault.damage >= begin && fault.damage < end) body[fault.damage - begin] ^= 1
  const stopAt = fault.dropAfter ?? fault.endAfter ?? body.length
  const length = fault.dropAfter === undefined ? {} : { 'content-length': String(body.length) }
  response.writeHead(isRange ? 206 : 200, { ...CORS, etag, 'accept-ranges': 'bytes', ...range, ...length })
  response.flushHeaders()
  response.setMaxListeners(0)
  for (let at = 0; at < stopAt && !response.destroyed; at += PIECE_BYTES) {
    const piece = body.subarray(at, Math.min(stopAt, at + PIECE_BYTES))
    if (repository.bytesPerSecond !== undefined) {
      // a sender that could not run for a while may catch up
      session.freeAt =
        Math.max(session.freeAt, Date.now() - CATCH_UP_MS) + (piece.length / repository.bytesPerSecond) * 1000
      if (session.freeAt - Date.now() > 2) await sleep(session.freeAt - Date.now())
    }
    if (!response.write(piece)) {
      await new Promise<void>(resolve => {
        response.once('drain', resolve)
        response.once('close', resolve)
      })
    }
    entry.bytes += piece.length
  }
  if (fault.stall) return
  if (fault.dropAfter !== undefined) {
    // what was written is to arrive first
    await sleep(20)
    response.destroy()
  } else response.end()
}

/** What `/api/models/{id}/revision/{revision}?blobs=true` says, as far as we read it. */
function describe({ repository, contents }: Session) {
  const siblings = [...contents].map(([rfilename, bytes]) => {
    const blobId = hash('sha1', Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]))
    const isLarge = typeof repository.files[rfilename] !== 'string'
    const lfs = isLarge ? { lfs: { sha256: hash('sha256', bytes), size: bytes.length, pointerSize: 135 } } : {}
    return { rfilename, size: bytes.length, blobId, ...lfs }
  })
  return {
    id: 'org/name',
    sha: fakeCommit(repository),
    private: false,
    gated: repository.isGated ? 'auto' : false,
    siblings,
  }
}

function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex')
}
