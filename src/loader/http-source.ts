import { DownloadFailed, InvalidRequest } from '../core/errors'
import { RemoteFile, type RemoteFileOptions } from './http/remote-file'
import type { ByteStream, ModelSource } from './source'

/**
 * A model folder on a web server, e.g. `https://example.org/models/SmolLM2-135M-Instruct`; a query is kept.
 * `init` goes with every request: an access token in `headers`, a `cache` mode.
 */
export function httpSource(baseUrl: string | URL, init?: RequestInit): ModelSource {
  const base = absolute(baseUrl)
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const options: RemoteFileOptions = { init, explain, checkEtag: true }

  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    const path = file.split('/').map(encodeURIComponent).join('/')
    try {
      return await new RemoteFile(new URL(path + base.search, base), options).open(begin, signal)
    } catch (error) {
      if (error instanceof DownloadFailed && error.status === 404) return undefined
      throw error
    }
  }

  return { name: (base.origin + base.pathname).slice(0, -1), open }
}

function absolute(url: string | URL): URL {
  try {
    return new URL(url, globalThis.location?.href)
  } catch (cause) {
    throw new InvalidRequest(`${url} is not a URL. Outside a page give it in full, with https://.`, { cause })
  }
}

function explain({ status }: Response): string {
  return status === 401 || status === 403 ? 'the model needs an access token, as a header given to httpSource.' : ''
}
