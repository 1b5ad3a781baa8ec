import { CorruptCheckpoint } from '../../core/errors'
import { isJsonObject, type JsonObject } from '../json'

/** A file of a repository at some commit. */
export interface ListedFile {
  readonly bytes: number
  /** In hexadecimal; of files that are kept by content (LFS), which are the large ones. */
  readonly sha256: string | undefined
  /** Names the content: files of one version are the same bytes. */
  readonly version: string
}

/** A repository at some commit. */
export interface Listing {
  readonly commit: string
  /** By path. */
  readonly files: ReadonlyMap<string, ListedFile>
}

/**
 * Reads the hub's answer to `/api/models/{id}/revision/{revision}?blobs=true`:
 * `{ sha, siblings: [{ rfilename, size, blobId, lfs?: { sha256 } }] }`.
 */
export function parseListing(json: JsonObject, name: string): Listing {
  const { sha, siblings } = json
  if (!isHash(sha) || !Array.isArray(siblings)) {
    throw new CorruptCheckpoint(`${name}: the hub's answer has no commit (sha) or no list of files (siblings).`)
  }
  return { commit: sha, files: new Map(siblings.map(file => parseFile(file, name))) }
}

function parseFile(file: unknown, name: string): [string, ListedFile] {
  const { rfilename: path, size, blobId, lfs } = isJsonObject(file) ? file : {}
  const sha256 = isJsonObject(lfs) ? lfs.sha256 : undefined
  const version = sha256 ?? blobId
  if (typeof path !== 'string' || !Number.isSafeInteger(size) || Number(size) < 0 || !isHash(version)) {
    throw new CorruptCheckpoint(
      `${name}: the hub describes a file as ${JSON.stringify(file)?.slice(0, 200)}, without its name, size or hash.`,
    )
  }
  return [path, { bytes: Number(size), sha256: sha256 === undefined ? undefined : version, version }]
}

/** SHA-1 or SHA-256: safe as a name in any store. */
function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value)
}
