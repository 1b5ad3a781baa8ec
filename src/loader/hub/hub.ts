import { DownloadFailed, InvalidRequest } from '../../core/errors'
import { parseJsonObject } from '../../core/json'
import { isHttp, parseAddress, shownUrl, withoutSecrets } from '../http/address'
import { RemoteFile, type RemoteFileOptions, TRANSIENT_STATUS } from '../http/remote-file'
import { DEFAULT_RETRY, type RetryPolicy } from '../http/retry'
import { OpenedFiles } from '../sources/opened-files'
import { readText } from '../sources/source'
import { type ListedFile, type Listing, parseListing } from './listing'
import type { RememberedListings } from './remembered'

export interface HubOptions {
  /** Address of the hub, a mirror, or a server of one's own with the same API. Default `https://huggingface.co`. */
  readonly host?: string
  /** Access token, for private and gated models. */
  readonly token?: string
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string
  /** The quantisation of a GGUF model, or the variant of safetensors (`fp16`), where a repository has several: as `org/name:VARIANT`. */
  readonly variant?: string
  /** The folder of the repository that holds the model. Default: its root. */
  readonly subfolder?: string
}

/**
 * Longest answer that lists a repository: some 65,000 files of 250 bytes each, where the largest repositories of models have some
 * thousand. Parsed, it takes some 50 MB.
 */
const MAX_LISTING_BYTES = 16 * 2 ** 20

/** One repository on a hub. */
export class Hub {
  /** Address without the scheme: `huggingface.co/org/name`. */
  readonly name: string
  readonly #address: string
  readonly #request: RemoteFileOptions
  readonly #opened = new OpenedFiles()
  #isGated = false
  /** The name by which the hub knows it, if it was renamed. */
  #currentId: string | undefined

  constructor(
    readonly id: string,
    readonly options: HubOptions,
    retry: RetryPolicy = DEFAULT_RETRY,
  ) {
    const { host = 'https://huggingface.co', token } = options
    const { address, authorization } = parseHost(host)
    this.#address = address
    this.name = `${address.replace(/^https?:\/\//, '')}/${id}`
    const key = token === undefined ? authorization : `Bearer ${token}`
    const headers: HeadersInit = key === undefined ? {} : { authorization: key }
    // the browser's own cache would keep everything twice, and lets ranges of one file come one after the other only
    this.#request = { init: { headers, cache: 'no-store' }, retry, explain: response => this.#explain(response) }
  }

  /**
   * The files of a revision. A commit that is remembered is not asked for again; for a branch the last answer serves when
   * the hub gives none now.
   */
  async list(revision: string, remembered?: RememberedListings, signal?: AbortSignal): Promise<Listing> {
    const known = await remembered?.find(revision)
    const listing = known?.commit === revision ? known : await this.#ask(revision, known, remembered, signal)
    this.#isGated = listing.isGated
    this.#currentId = listing.id
    return listing
  }

  async #ask(
    revision: string,
    known: Listing | undefined,
    remembered: RememberedListings | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Listing> {
    const { retry = DEFAULT_RETRY } = this.#request
    try {
      const url = new URL(`${this.#address}/api/models/${this.id}/revision/${encodeURIComponent(revision)}?blobs=true`)
      // who has something to fall back on need not be patient
      const file = new RemoteFile(url, { ...this.#request, retry: known ? { ...retry, tries: 1 } : retry })
      const source = { name: this.name, open: () => file.open(0, signal) }
      const answer = (await readText(source, revision, signal, MAX_LISTING_BYTES)) ?? ''
      const listing = parseListing(parseJsonObject(answer, `${this.name}@${revision}`), this.name)
      if (listing.commit !== known?.commit) await remembered?.remember(revision, answer)
      return listing
    } catch (error) {
      if (known && error instanceof DownloadFailed && mayPass(error)) return known
      throw error
    }
  }

  /** A file of a commit. */
  file(commit: string, path: string, { bytes, checksum }: ListedFile): RemoteFile {
    const encodedPath = path.split('/').map(encodeURIComponent).join('/')
    const url = new URL(`${this.#address}/${this.#currentId ?? this.id}/resolve/${commit}/${encodedPath}`)
    // large files come from mirrors, whose ETags differ; their checksum tells more
    const opened = checksum.isBlob ? this.#opened : undefined
    return new RemoteFile(url, { ...this.#request, bytes, opened })
  }

  /** Advice about a refusal. The hub's header tells apart what has the same status: it answers 401 for what does not exist. */
  #explain({ status, headers }: Response): string {
    const code = headers.get('x-error-code')
    const page = `${this.#address}/${this.id}`
    const token = this.options.token
      ? 'the access token given is not accepted'
      : 'give an access token: createEngine(…, { hub: { token } })'
    if (code === 'GatedRepo' || status === 403 || (status === 401 && this.#isGated)) {
      return `${this.id} is gated. Accept its terms at ${page}, and ${token}.`
    }
    if (code === 'RevisionNotFound') return `${this.id} has no such branch, tag or commit. Check ${page}/tree/main.`
    if (status === 401) return `${this.id} does not exist, or is private or gated. Check its name, and ${token}.`
    if (status === 404) return `there is no such model, revision or file. Check ${this.id} at ${this.#address}.`
    return ''
  }
}

/** The address of a hub, and its user and password as a header. @throws InvalidRequest that shows no secrets */
function parseHost(host: string): { readonly address: string; readonly authorization: string | undefined } {
  const isAbsolute = /^https?:\/\/./.test(host)
  const { url, authorization } = isAbsolute ? parseAddress(host) : {}
  if (!url || !isHttp(url) || url.search || url.hash) {
    throw new InvalidRequest(
      `hub.host is ${withoutSecrets(host)}, but must be an address that begins with https:// or http://, without a query.`,
    )
  }
  return { address: shownUrl(url).replace(/\/+$/, ''), authorization }
}

/** Whether nobody here can put a failure right: there is no network, or the hub is down or has had enough of us. */
function mayPass({ status = 500 }: DownloadFailed): boolean {
  return status >= 500 || TRANSIENT_STATUS.includes(status)
}
