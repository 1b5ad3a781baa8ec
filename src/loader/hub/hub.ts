import { DownloadFailed, InvalidRequest } from '../../core/errors'
import { RemoteFile, type RemoteFileOptions, TRANSIENT_STATUS } from '../http/remote-file'
import { DEFAULT_RETRY, type RetryPolicy } from '../http/retry'
import { parseJsonObject } from '../json'
import { readText } from '../source'
import { type ListedFile, type Listing, parseListing } from './listing'
import type { RememberedListings } from './remembered'

export interface HubOptions {
  /** Of the hub, a mirror, or a server of one's own with the same API. Default `https://huggingface.co`. */
  readonly host?: string
  /** Access token, for private and gated models. */
  readonly token?: string
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string
}

/** One repository on a hub. */
export class Hub {
  /** Without the scheme, as in `huggingface.co/org/name`. */
  readonly name: string
  readonly #address: string
  readonly #request: RemoteFileOptions

  constructor(
    readonly id: string,
    readonly options: HubOptions,
    retry: RetryPolicy = DEFAULT_RETRY,
  ) {
    const { host = 'https://huggingface.co', token } = options
    if (!/^https?:\/\/./.test(host)) {
      throw new InvalidRequest(`hub.host is ${host}, but must be an address that begins with https:// or http://.`)
    }
    this.#address = host.replace(/\/+$/, '')
    this.name = `${this.#address.replace(/^https?:\/\//, '')}/${id}`
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` }
    // the browser's own cache would keep everything twice, and lets ranges of one file come one after the other only
    this.#request = { init: { headers, cache: 'no-store' }, retry, explain: response => this.#explain(response) }
  }

  /** A commit that is remembered is not asked for again; of a branch the last answer serves when there is none now. */
  async list(revision: string, remembered?: RememberedListings, signal?: AbortSignal): Promise<Listing> {
    const known = await remembered?.find(revision)
    if (known?.commit === revision) return known
    const { retry = DEFAULT_RETRY } = this.#request
    try {
      const url = new URL(`${this.#address}/api/models/${this.id}/revision/${encodeURIComponent(revision)}?blobs=true`)
      // who has something to fall back on need not be patient
      const file = new RemoteFile(url, { ...this.#request, retry: known ? { ...retry, tries: 1 } : retry })
      const source = { name: this.name, open: () => file.open(0, signal) }
      const answer = (await readText(source, revision, signal)) ?? ''
      const listing = parseListing(parseJsonObject(answer, `${this.name}@${revision}`), this.name)
      if (listing.commit !== known?.commit) await remembered?.remember(revision, answer)
      return listing
    } catch (error) {
      if (known && error instanceof DownloadFailed && mayPass(error)) return known
      throw error
    }
  }

  /** A file of a commit. */
  file(commit: string, path: string, { bytes, sha256 }: ListedFile): RemoteFile {
    const encodedPath = path.split('/').map(encodeURIComponent).join('/')
    const url = new URL(`${this.#address}/${this.id}/resolve/${commit}/${encodedPath}`)
    return new RemoteFile(url, { ...this.#request, bytes, checkEtag: sha256 === undefined })
  }

  #explain({ status }: Response): string {
    const token = this.options.token
      ? 'the access token given is not accepted'
      : 'give an access token: createEngine(…, { hub: { token } })'
    if (status === 401) return `${this.id} does not exist, or is private or gated. Check its name, and ${token}.`
    if (status === 403) return `${this.id} is gated. Accept its terms at ${this.#address}/${this.id}, and ${token}.`
    if (status === 404) return `there is no such model, revision or file. Check ${this.id} at ${this.#address}.`
    return ''
  }
}

/** Not for us to put right: no network, a hub that is down or has had enough of us. */
function mayPass({ status = 500 }: DownloadFailed): boolean {
  return status >= 500 || TRANSIENT_STATUS.includes(status)
}
