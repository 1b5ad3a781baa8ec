import type { FileHandle } from 'node:fs/promises'
import { abortError } from '../../core/errors'
import { nodeFiles } from '../../storage/node-files'
import { FileChanged, OpenedFiles } from './opened-files'
import { type ByteStream, type ModelSource, unreadableFile } from './source'

/** Bytes of a request to the disk. */
const READ_BYTES = 2 ** 20

/** A folder on disk; in Node, Deno and Bun. */
export function folderSource(path: string): ModelSource {
  const opened = new OpenedFiles()

  async function hold(file: string, handle: FileHandle): Promise<void> {
    const { size, mtimeMs } = await handle.stat()
    opened.hold(`${path}/${file}`, { bytes: size, modified: mtimeMs })
  }

  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    if (signal?.aborted) throw abortError(signal)
    const fs = nodeFiles()
    try {
      const handle = await fs.open(`${path}/${file}`)
      return await closedOnFailure(handle, async () => {
        await hold(file, handle)
        return streamOf(handle, begin, () => hold(file, handle))
      })
    } catch (cause) {
      if (cause instanceof FileChanged) throw cause
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
      throw unreadableFile(path, file, cause)
    }
  }

  return { name: path, open }
}

/** The value that `work` gives; the handle is closed if it fails, since a stream that has failed is neither read on nor cancelled. */
async function closedOnFailure<T>(handle: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The bytes of a file from `begin` on; at the end it is checked once more, since it may have been written to meanwhile. */
function streamOf(handle: FileHandle, begin: number, check: () => Promise<void>): ByteStream {
  let position = begin
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(READ_BYTES)
      const bytesRead = await closedOnFailure(handle, async () => {
        const { bytesRead } = await handle.read(chunk, { position })
        if (bytesRead === 0) await check()
        return bytesRead
      })
      position += bytesRead
      if (bytesRead > 0) return controller.enqueue(chunk.subarray(0, bytesRead))
      await handle.close()
      controller.close()
    },
    cancel: () => handle.close(),
  })
}
