import { abortError } from '../core/errors'
import { type ByteStream, type ModelSource, unreadableFile } from './source'

/** A local folder that the user picked (`showDirectoryPicker`), or one of the origin private file system. */
export function directorySource(directory: FileSystemDirectoryHandle): ModelSource {
  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    if (signal?.aborted) throw abortError(signal)
    try {
      const handle = await directory.getFileHandle(file)
      return (await handle.getFile()).slice(begin).stream()
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === 'NotFoundError') return undefined
      throw unreadableFile(directory.name, file, cause)
    }
  }

  return { name: directory.name, open }
}
