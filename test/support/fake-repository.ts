/** What the fake hub (fake-hub.ts) is told, from Node or from a page. */

/** A repository org/name with one commit, which every revision means. */
export interface Repository {
  readonly files: Readonly<Record<string, FakeFile>>
  readonly commit?: string
  /** The token that is wanted. */
  readonly token?: string
  /** Whether its files, and not their list, are given only with a token. */
  readonly isGated?: boolean
  /** A name that leads to this one. */
  readonly formerly?: string
  /** Whether ranges are served; default true. */
  readonly ranges?: boolean
  /** Of all connections together. */
  readonly bytesPerSecond?: number
  /** By path (`api` for the list of files): what goes wrong with the first requests for it, in order. */
  readonly faults?: Readonly<Record<string, readonly Fault[]>>
}

/** A text, kept in git; or kept by content (LFS) so many bytes made from a seed, or given ones. */
export type FakeFile =
  | string
  | { readonly bytes: number; readonly seed: number }
  | { readonly values: readonly number[] }

export interface Fault {
  readonly status?: number
  /** The hub's `X-Error-Code`, with `status`. */
  readonly code?: string
  /** In seconds, with `status`. */
  readonly retryAfter?: number
  /** The connection breaks after so many bytes. */
  readonly dropAfter?: number
  /** The answer ends in good order, but after so many bytes. */
  readonly endAfter?: number
  /** So many bytes too many. */
  readonly surplus?: number
  /** The byte at this place of the file is another. */
  readonly damage?: number
  readonly etag?: string
  /** The length that Content-Range states. */
  readonly total?: number
  /** The answer never ends. */
  readonly stall?: boolean
}

export interface ServedRequest {
  /** `api` for the list of files. */
  readonly path: string
  readonly range: string | null
  /** Of the body, as far as sent. */
  readonly bytes: number
}

export function fakeCommit({ commit }: Repository): string {
  return commit ?? '0123456789abcdef0123456789abcdef01234567'
}

/** The contents of a file. */
export function fakeBytes(file: FakeFile): Uint8Array<ArrayBuffer> {
  if (typeof file === 'string') return new TextEncoder().encode(file)
  if ('values' in file) return Uint8Array.from(file.values)
  const words = new Uint32Array(Math.ceil(file.bytes / 4))
  let state = file.seed
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    words[index] = state ^ (state >>> 15)
  }
  return new Uint8Array(words.buffer, 0, file.bytes)
}

/** Makes a repository on the fake hub at `url`. */
export async function publish(
  url: string,
  repository: Repository,
  session: string = crypto.randomUUID(),
): Promise<Published> {
  const host = `${url}/${session}`
  const put = async (changed: Repository) => {
    const response = await fetch(host, { method: 'PUT', body: JSON.stringify(changed) })
    if (!response.ok) throw new Error(`The fake hub answers ${response.status}.`)
  }
  await put(repository)
  return { host, change: put, served: async () => (await fetch(host)).json() }
}

export interface Published {
  readonly host: string
  /** Puts another repository in its place; what was served is forgotten. */
  change(repository: Repository): Promise<void>
  served(): Promise<ServedRequest[]>
}
