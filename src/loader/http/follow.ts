import { DownloadFailed } from '../../core/errors'
import { isHttp, shownUrl } from './address'

/** Redirects that are followed: as many as `fetch` does. */
const MAX_REDIRECTS = 20
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Headers that may go to any origin: they say nothing of who asks, and `fetch` itself keeps `authorization` from others. */
const PUBLIC: ReadonlySet<string> = new Set(['accept', 'accept-language', 'content-language', 'range', 'authorization'])

/**
 * `fetch`, but for headers of the caller's, which stay with the origin that they are for: `x-api-key`, say, may be a key,
 * and is not sent on where a redirect leads to another origin. A page is not told where that is: there such headers follow
 * no redirect.
 */
export async function fetchFrom(url: URL, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  const secrets = [...headers.keys()].filter(name => !PUBLIC.has(name))
  if (secrets.length === 0 || (init.redirect ?? 'follow') !== 'follow') return fetch(url, init)
  let place = url
  for (let numFollowed = 0; numFollowed <= MAX_REDIRECTS; numFollowed++) {
    const response = await fetch(place, { ...init, headers, redirect: 'manual' })
    if (response.type === 'opaqueredirect') {
      for (const name of secrets) headers.delete(name)
      return fetch(place, { ...init, headers })
    }
    const location = response.headers.get('location')
    if (!REDIRECTS.includes(response.status) || location === null) return response
    await response.body?.cancel()
    const next = new URL(location, place)
    if (!isHttp(next))
      throw new DownloadFailed(`GET ${shownUrl(url)} is redirected to ${next.protocol}, which is not followed.`)
    if (next.origin !== place.origin) for (const name of [...secrets, 'authorization']) headers.delete(name)
    place = next
  }
  throw new DownloadFailed(`GET ${shownUrl(url)} is redirected more than ${MAX_REDIRECTS} times.`)
}
