import { abortError } from '../../core/errors'
import { FileChanged, OpenedFiles } from './opened-files'
import { type ByteStream, type ModelSource, unreadableFile } from './source'

/** A local folder that the user picked (`showDirectoryPicker`), or one of the origin private file system. */
export function directorySource(directory: FileSystemDirectoryHandle): ModelSource {
  const opened = new OpenedFiles()

  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    if (signal?.aborted) throw abortError(signal)
    try {
      const handle = await directory.getFileHandle(file)
      const contents = await handle.getFile()
      opened.hold(file, { bytes: contents.size, modified: contents.lastModified })
      return contents.slice(begin).stream()
    } catch (cause) {
      if (cause instanceof FileChanged) throw cause
      if (cause instanceof DOMException && cause.name === 'NotFoundError') return undefined
      throw unreadableFile(directory.name, file, cause)
    }
  }

  return { name: directory.name, open }
}
