import { abortError } from '../core/errors'
import { openBlob, unreadableFile } from './blob-file'
import type { ModelSource, OpenFile } from './source'

/** A local folder that the user picked (`showDirectoryPicker`), or one of the origin private file system. */
export function directorySource(directory: FileSystemDirectoryHandle): ModelSource {
  async function open(file: string, signal?: AbortSignal): Promise<OpenFile | undefined> {
    if (signal?.aborted) throw abortError(signal)
    try {
      const handle = await directory.getFileHandle(file)
      return openBlob(await handle.getFile())
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === 'NotFoundError') return undefined
      throw unreadableFile(directory.name, file, cause)
    }
  }

  return { name: directory.name, open }
}
