import { type Line, readLines } from '../api/lines'
import { InvalidRequest } from '../core/errors'
import { shown } from '../core/shown'

/** A request: an OpenAI Batch request or a bare body, as an object or as its line of JSON. */
export type JobRequest = Line | object

/** Requests one by one; or OpenAI Batch JSONL as a file or stream of bytes. */
export type JobRequests = Iterable<JobRequest> | AsyncIterable<JobRequest> | Blob | ReadableStream<Uint8Array>

/** The lines of requests, one each. @throws InvalidRequest for what is no request, by its number */
export async function* linesOf(requests: JobRequests): AsyncGenerator<Line, void, undefined> {
  if (requests instanceof Blob) return yield* linesOf(requests.stream())
  if (requests instanceof ReadableStream) return yield* readLines(piecesOf(requests))
  const isIterable = Object(requests) === requests && (Symbol.iterator in requests || Symbol.asyncIterator in requests)
  if (!isIterable) {
    throw new InvalidRequest(
      `The requests are ${shown(requests)}, but must be an array, something else to iterate, a File or a stream of JSONL.`,
    )
  }
  let number = 0
  for await (const request of requests as AsyncIterable<JobRequest>) yield lineOf(request, ++number)
}

function lineOf(request: JobRequest, number: number): Line {
  if (typeof request === 'string' || request instanceof Uint8Array) {
    const isOne = typeof request === 'string' ? !request.includes('\n') : !request.includes(10)
    if (isOne) return request
    throw new InvalidRequest(`Request ${number} has a line feed: a text is one line of JSON. Give it as an object.`)
  }
  if (typeof request !== 'object' || request === null) {
    throw new InvalidRequest(`Request ${number} is ${shown(request)}, but must be an object or a line of JSON.`)
  }
  try {
    return JSON.stringify(request)
  } catch (cause) {
    throw new InvalidRequest(`Request ${number} cannot be written as JSON: ${String(cause)}`, { cause })
  }
}

/** The pieces of a stream, which not every browser can iterate. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } finally {
    await reader.cancel()
  }
}
