import { isJsonObject } from '../../core/json'
import type { Model } from '../openai-types'
import { RefusedRequest } from '../refused-request'
import type { RequestKind } from '../request-fields'
import { answerInChunks, type Chunk } from './chunks'
import { errorObject, errorResponse, refusal } from './error-object'
import { checkModel, readFor, type Served } from './served'
import { answerWhole } from './whole'

interface Endpoint {
  readonly path: RegExp
  readonly method: 'GET' | 'POST'
  /** `rest`: what the path's group matches. */
  answer(served: Served, request: Request, rest: string): Promise<Response>
}

const ENDPOINTS: readonly Endpoint[] = [
  { path: /^\/v1\/chat\/completions$/, method: 'POST', answer: (served, request) => generate(served, request, 'chat') },
  { path: /^\/v1\/completions$/, method: 'POST', answer: (served, request) => generate(served, request, 'completion') },
  { path: /^\/v1\/models$/, method: 'GET', answer: async served => Response.json(modelsOf(served)) },
  { path: /^\/v1\/models\/(.+)$/, method: 'GET', answer: async (served, _, id) => Response.json(modelOf(served, id)) },
]

const PATHS = '/v1/chat/completions, /v1/completions, /v1/models'

/** Answers a request to OpenAI's API, whatever its host. Rejects only as `fetch` does: with the reason of the request's signal. */
export async function handle(served: Served, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const path = pathname.replace(/\/$/, '')
  const endpoint = ENDPOINTS.find(each => each.path.test(path))
  if (!endpoint) {
    return refusal(404, `Nothing is served at ${request.method} ${pathname}, only ${PATHS}.`, { code: 'unknown_url' })
  }
  const { method } = endpoint
  if (request.method !== method) {
    const message = `${path} is for ${method}, not ${request.method}.`
    return refusal(405, message, { code: 'method_not_supported' }, { allow: method })
  }
  try {
    return await endpoint.answer(served, request, decoded(endpoint.path.exec(path)?.[1] ?? ''))
  } catch (error) {
    if (request.signal.aborted) throw error
    return errorResponse(error)
  }
}

/** @throws RefusedRequest for what no client encodes so */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new RefusedRequest(`The address has ${part}, in which a % begins no byte.`, null, undefined, { cause })
  }
}

async function generate(served: Served, http: Request, kind: RequestKind): Promise<Response> {
  const request = readFor(served, await readJson(http), kind)
  const left = new AbortController()
  const signal = AbortSignal.any([http.signal, left.signal])
  if (!request.stream) return Response.json(await answerWhole(served, request, signal))
  const events = serverSentEvents(await answerInChunks(served, request, signal), () => left.abort())
  return new Response(events, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
}

async function readJson(request: Request): Promise<unknown> {
  const text = await request.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    throw new RefusedRequest(`The body is not JSON (${String(cause)}).`, null, undefined, { cause })
  }
  if (!isJsonObject(body)) throw new RefusedRequest('The body must be a JSON object.', null)
  return body
}

/** `onLeft`: the reader wants no more. An error ends the stream as its last event, in place of the end mark. */
function serverSentEvents(chunks: AsyncIterator<Chunk>, onLeft: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const event = (data: string) => encoder.encode(`data: ${data}\n\n`)
  return new ReadableStream({
    async pull(stream) {
      try {
        const { value, done } = await chunks.next()
        stream.enqueue(event(done ? '[DONE]' : JSON.stringify(value)))
        if (done) stream.close()
      } catch (error) {
        stream.enqueue(event(JSON.stringify(errorObject(error))))
        stream.close()
      }
    },
    cancel: onLeft,
  })
}

export function modelsOf(served: Served): { object: 'list'; data: Model[] } {
  return { object: 'list', data: [modelOf(served, served.model)] }
}

/** @throws RefusedRequest for any model but the one that is there */
export function modelOf({ model, since, engine }: Served, id: string): Model {
  checkModel(id, model)
  return { id, object: 'model', created: since, owned_by: 'coppice', max_model_len: engine.memory.contextLength }
}
