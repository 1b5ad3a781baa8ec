import { DownloadFailed, InvalidRequest } from '../../core/errors'
import { parseAddress, shownUrl } from '../http/address'
import { RemoteFile, type RemoteFileOptions } from '../http/remote-file'
import { OpenedFiles } from './opened-files'
import type { ByteStream, ModelSource } from './source'

/**
 * A model folder on a web server, e.g. `https://example.org/models/SmolLM2-135M-Instruct`, or in an app or extension. A
 * query is sent along, `user:password@` as a header, and errors show neither.
 * `init` goes with every request: an access token in `headers`, a `cache` mode. Headers are not sent on where a redirect
 * leads to another origin.
 */
export function httpSource(baseUrl: string | URL, init: RequestInit = {}): ModelSource {
  const { url: base, authorization } = parseAddress(baseUrl)
  if (!base.href.startsWith(`${base.protocol}//`)) {
    throw new InvalidRequest(
      'The address is none of a folder, which begins with https:// or the like. What blob: and data: URLs hold give as a list of files.',
    )
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const headers = new Headers(init.headers)
  if (authorization !== undefined && !headers.has('authorization')) headers.set('authorization', authorization)
  const options: RemoteFileOptions = { init: { ...init, headers }, explain, opened: new OpenedFiles() }

  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    const path = file.split('/').map(encodeURIComponent).join('/')
    try {
      return await new RemoteFile(new URL(path + base.search, base), options).open(begin, signal)
    } catch (error) {
      if (error instanceof DownloadFailed && error.status === 404) return undefined
      throw error
    }
  }

  return { name: shownUrl(base).slice(0, -1), isUnlisted: true, open }
}

function explain({ status, redirected }: Response): string {
  if (status !== 401 && status !== 403) return ''
  if (redirected)
    return 'headers given to httpSource may not have been sent on there. Give the address it redirects to.'
  return 'the model needs an access token, as a header given to httpSource.'
}
