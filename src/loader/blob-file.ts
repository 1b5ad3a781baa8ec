import { DownloadFailed } from '../core/errors'
import type { OpenFile } from './source'

/** A `Blob` or `File` as a model file. */
export function openBlob(blob: Blob): OpenFile {
  return { size: blob.size, stream: blob.stream() }
}

/** The error for a local file that the platform would not open. */
export function unreadableFile(name: string, file: string, cause: unknown): DownloadFailed {
  return new DownloadFailed(`${name}/${file} cannot be read. Check that it has not moved and that access is allowed.`, {
    cause,
  })
}
