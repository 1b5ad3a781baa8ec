import { abortError, DownloadFailed, InvalidRequest } from '../core/errors'
import { type ByteStream, type ModelSource, skipBytes } from './source'

/**
 * A model folder on a web server, e.g. `https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct/resolve/main`.
 * `init` goes with every request: an access token in `headers`, a `cache` mode.
 */
export function httpSource(baseUrl: string | URL, init?: RequestInit): ModelSource {
  const base = absolute(baseUrl)
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const name = (base.origin + base.pathname).slice(0, -1)

  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    const url = new URL(file.split('/').map(encodeURIComponent).join('/') + base.search, base)
    const headers = new Headers(init?.headers)
    if (begin > 0) headers.set('range', `bytes=${begin}-`)
    const response = await request(url, { ...init, headers, signal })
    if (response.status === 404 || isFallbackPage(response)) {
      await response.body?.cancel()
      return undefined
    }
    if (response.status === 416) {
      await response.body?.cancel()
      return new Blob().stream()
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new DownloadFailed(`GET ${url} answered HTTP ${response.status}${hint(response.status)}`)
    }
    // a server that knows no ranges sends the whole file
    return begin > 0 && response.status !== 206 ? skipBytes(response.body, begin) : response.body
  }

  return { name, open }
}

function absolute(url: string | URL): URL {
  try {
    return new URL(url, globalThis.location?.href)
  } catch (cause) {
    throw new InvalidRequest(`${url} is not a URL. Outside a page give it in full, with https://.`, { cause })
  }
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
  return status === 401 || status === 403 ? ': the model needs an access token, as a header given to httpSource.' : '.'
}
