import type { FileHandle } from 'node:fs/promises'
import { abortError } from '../core/errors'
import { nodeFiles } from './node-files'
import { type ByteStream, type ModelSource, unreadableFile } from './source'

/** A request to the disk per this many bytes. */
const READ_BYTES = 2 ** 20

/** A folder on disk; in Node, Deno and Bun. */
export function folderSource(path: string): ModelSource {
  async function open(file: string, signal?: AbortSignal, begin = 0): Promise<ByteStream | undefined> {
    if (signal?.aborted) throw abortError(signal)
    const fs = nodeFiles()
    try {
      return streamOf(await fs.open(`${path}/${file}`), begin)
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
      throw unreadableFile(path, file, cause)
    }
  }

  return { name: path, open }
}

function streamOf(handle: FileHandle, begin: number): ByteStream {
  let position = begin
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(READ_BYTES)
      // a stream that has failed is neither read on nor cancelled
      const { bytesRead } = await handle.read(chunk, { position }).catch(async (cause: unknown) => {
        await handle.close()
        throw cause
      })
      position += bytesRead
      if (bytesRead > 0) return controller.enqueue(chunk.subarray(0, bytesRead))
      await handle.close()
      controller.close()
    },
    cancel: () => handle.close(),
  })
}
