import { CorruptCheckpoint } from '../../core/errors'
import { brief, isJsonObject, type JsonObject } from '../../core/json'
import type { Checksum } from '../cache/checksum'

/** A file of a repository at some commit. */
export interface ListedFile {
  readonly bytes: number
  readonly checksum: Checksum
}

/** A repository at some commit. */
export interface Listing {
  /** Its name, another than asked for if it was renamed; undefined if the answer has none. */
  readonly id: string | undefined
  readonly commit: string
  /** Whether its files are given only to those who accept its terms. */
  readonly isGated: boolean
  /** Files by path. */
  readonly files: ReadonlyMap<string, ListedFile>
}

/**
 * Largest file that a hub may list, 1 TiB: twice the most that Hugging Face takes. A file's list of parts has at most
 * 2^18 entries so.
 */
const MAX_FILE_BYTES = 2 ** 40

/**
 * Reads the hub's answer to `/api/models/{id}/revision/{revision}?blobs=true` about the model `name`:
 * `{ id, sha, gated, siblings: [{ rfilename, size, blobId, lfs?: { sha256 } }] }`.
 */
export function parseListing(json: JsonObject, name: string): Listing {
  const { id, sha, gated, siblings } = json
  if (!isHash(sha) || !Array.isArray(siblings)) {
    throw new CorruptCheckpoint(`${name}: the hub's answer has no commit (sha) or no list of files (siblings).`)
  }
  const isId = typeof id === 'string' && /^[\w.-]+\/[\w.-]+$/.test(id)
  const isGated = gated !== undefined && gated !== null && gated !== false
  return {
    id: isId ? id : undefined,
    commit: sha,
    isGated,
    files: new Map(siblings.map(file => parseFile(file, name))),
  }
}

function parseFile(file: unknown, name: string): [string, ListedFile] {
  const { rfilename: path, size, blobId, lfs } = isJsonObject(file) ? file : {}
  const isBlob = !isJsonObject(lfs)
  const hash = isBlob ? blobId : lfs.sha256
  if (typeof path !== 'string' || !isHash(hash) || !Number.isSafeInteger(size) || Number(size) < 0) {
    throw new CorruptCheckpoint(
      `${name}: the hub describes a file as ${JSON.stringify(file)?.slice(0, 200)}, without its name, size or hash.`,
    )
  }
  // the path becomes part of an address, which must not leave the repository; git has no such names
  if (path.split(/[/\\]/).some(part => part === '' || part === '.' || part === '..')) {
    throw new CorruptCheckpoint(`${name}: the hub lists a file ${brief(path)}, which is no path in a repository.`)
  }
  if (Number(size) > MAX_FILE_BYTES) {
    throw new CorruptCheckpoint(
      `${name}: the hub says that ${brief(path)} has ${size} bytes; the most for a file is ${MAX_FILE_BYTES}.`,
    )
  }
  return [path, { bytes: Number(size), checksum: { hash, isBlob } }]
}

/** Whether a value is a SHA-1 or SHA-256, and so safe as a name in any store. */
function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value)
}
