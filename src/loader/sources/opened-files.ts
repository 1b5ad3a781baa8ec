import { DownloadFailed } from '../../core/errors'

/** What tells a file's contents from those that it had before, as far as its place says so. */
export interface FileVersion {
  /** Of the whole file. */
  readonly bytes?: number
  readonly etag?: string
  /** When it was last written, in the words of its place. */
  readonly modified?: string | number
}

/** A file is not what it was when its load began. */
export class FileChanged extends DownloadFailed {}

/**
 * Holds the files of a load together. Weights are read by a header that was read before, through a connection of its own: whoever
 * opens a file, it is the one that was opened first.
 */
export class OpenedFiles {
  readonly #versions = new Map<string, FileVersion>()

  /** @throws FileChanged that says what was and what is; the next to open the files begins anew */
  hold(file: string, now: FileVersion): void {
    const before = this.#versions.get(file) ?? {}
    const change = difference(before, now)
    if (change !== undefined) {
      this.#versions.clear()
      throw new FileChanged(`${file} has changed while the model was loaded: ${change}. Load it again.`)
    }
    this.#versions.set(file, {
      bytes: before.bytes ?? now.bytes,
      etag: before.etag ?? now.etag,
      modified: before.modified ?? now.modified,
    })
  }
}

/** Only what both tell is compared. A strong ETag settles it, whatever date one of several servers gives the file. */
function difference(before: FileVersion, now: FileVersion): string | undefined {
  if (differ(before.bytes, now.bytes)) return `it had ${before.bytes} bytes and has ${now.bytes}`
  if (before.etag !== undefined && now.etag !== undefined) {
    if (opaqueTag(before.etag) !== opaqueTag(now.etag)) return `its ETag was ${before.etag} and is ${now.etag}`
    if (before.etag === now.etag && !now.etag.startsWith('W/')) return undefined
  }
  if (differ(before.modified, now.modified)) {
    return `it was last modified at ${dateOf(before.modified)} and is at ${dateOf(now.modified)}`
  }
  return undefined
}

function differ<T>(before: T | undefined, now: T | undefined): boolean {
  return before !== undefined && now !== undefined && before !== now
}

/**
 * What servers leave of a tag when they compress one answer and not the other: nginx and Cloudflare make it weak, Apache, Caddy
 * and Jetty add the coding.
 */
function opaqueTag(etag: string): string {
  return etag.replace(/^W\//, '').replace(/(-|--|;)(gzip|br|zstd|deflate)(?="$)/, '')
}

function dateOf(modified: string | number | undefined): string {
  return typeof modified === 'number' ? new Date(modified).toISOString() : String(modified)
}
