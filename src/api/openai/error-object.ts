import { CoppiceError, InvalidRequest } from '../../core/errors'
import { RefusedRequest } from '../refused-request'

/** An error as OpenAI's API says it. */
export interface ErrorObject {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

/** Errors after which no request will ever be answered. */
const FOR_EVER = new Set(['DeviceLost', 'WorkerFailed', 'Disposed'])

/** The answer to a request that failed: 4xx if it is at fault, 503 if the engine is gone. Who asks again in vain is told so. */
export function errorResponse(error: unknown): Response {
  if (error instanceof InvalidRequest) {
    const { param, code } = error instanceof RefusedRequest ? error : { param: null, code: null }
    return refusal(code === 'model_not_found' ? 404 : 400, error.message, { param, code })
  }
  const code = error instanceof CoppiceError ? error.name : null
  const status = code !== null && FOR_EVER.has(code) ? 503 : 500
  return new Response(JSON.stringify(errorObject(error)), {
    status,
    headers: { ...JSON_TYPE, 'x-should-retry': 'false' },
  })
}

/** The error of a request that was begun. */
export function errorObject(error: unknown): ErrorObject {
  const code = error instanceof CoppiceError ? error.name : null
  const message = error instanceof Error ? error.message : String(error)
  return { error: { message, type: 'server_error', param: null, code } }
}

/** The answer to a request that cannot be served as it is. */
export function refusal(
  status: number,
  message: string,
  { param = null, code = null }: { readonly param?: string | null; readonly code?: string | null } = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body: ErrorObject = { error: { message, type: 'invalid_request_error', param, code } }
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_TYPE, ...headers } })
}

const JSON_TYPE = { 'content-type': 'application/json' }
