import { abortError, DownloadFailed } from '../core/errors'
import type { ModelSource, OpenFile } from './source'

/** A model folder on a web server, e.g. `https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct/resolve/main`. */
export function httpSource(baseUrl: string | URL, init?: RequestInit): ModelSource {
  const base = new URL(baseUrl, globalThis.location?.href)
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const name = base.href.slice(0, -1)

  async function open(file: string, signal?: AbortSignal): Promise<OpenFile | undefined> {
    const url = new URL(encodeURIComponent(file), base)
    const response = await request(url, { ...init, signal })
    if (response.status === 404 || isFallbackPage(response)) {
      await response.body?.cancel()
      return undefined
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new DownloadFailed(
        `GET ${url} answered HTTP ${response.status} ${response.statusText}${hint(response.status)}`,
      )
    }
    const length = response.headers.get('content-length')
    // With a content encoding the length is that of the encoded bytes, and the stream's is unknown.
    const size = length === null || response.headers.has('content-encoding') ? undefined : Number(length)
    return { size, stream: response.body }
  }

  return { name, open }
}

async function request(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (init.signal?.aborted) throw abortError(init.signal)
    throw new DownloadFailed(`GET ${url} got no answer: the server is unreachable or refuses this origin (CORS).`, {
      cause,
    })
  }
}

/** Development servers answer unknown paths with the app's page and status 200; no model file is HTML. */
function isFallbackPage(response: Response): boolean {
  return response.ok && (response.headers.get('content-type') ?? '').startsWith('text/html')
}

function hint(status: number): string {
  return status === 401 || status === 403 ? ': the model needs an access token (`init.headers`).' : '.'
}
