import { DownloadFailed } from '../../core/errors'

/** A file's version: whatever its place tells by which its contents differ from earlier ones. */
export interface FileVersion {
  /** Length of the whole file. */
  readonly bytes?: number
  readonly etag?: string
  /** Time at which it was last written, in the words of its place. */
  readonly modified?: string | number
}

/** The error for a file that is not what it was when its load began. */
export class FileChanged extends DownloadFailed {}

/**
 * The versions of the files of a load. Weights are read by a header that came before, through a connection of its own, so
 * whoever opens a file again must get the one that was opened first.
 */
export class OpenedFiles {
  readonly #versions = new Map<string, FileVersion>()

  /**
   * Holds a file to the version that it had when it was opened first.
   * @throws FileChanged that says what was and what is; whoever opens the files next begins anew
   */
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

/**
 * The difference between two versions in words; undefined if there is none in what both tell. A strong ETag settles it,
 * whatever date one of several servers gives the file.
 */
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
 * The part of a tag that servers leave alone when they compress one answer and not the other: nginx and Cloudflare make it
 * weak, Apache, Caddy and Jetty add the coding.
 */
function opaqueTag(etag: string): string {
  return etag.replace(/^W\//, '').replace(/(-|--|;)(gzip|br|zstd|deflate)(?="$)/, '')
}

function dateOf(modified: string | number | undefined): string {
  return typeof modified === 'number' ? new Date(modified).toISOString() : String(modified)
}
