import { abortError } from '../../core/errors'
import type { ByteStream } from '../source'
import type { PartLayout } from './parts'

export interface PartStreamOptions {
  readonly layout: PartLayout
  /** First byte. */
  readonly begin: number
  /** Parts asked for at once. */
  readonly readAhead: number
  readonly read: (part: number) => Promise<Uint8Array<ArrayBuffer>>
  readonly signal?: AbortSignal
  /** When nothing more will be read: at the end, on cancelling, on failure; or since the signal has aborted. */
  readonly onClose?: (isAborted: boolean) => void
}

/** The bytes of a file from `begin` on, a part at a time. */
export function partStream({ layout, begin, readAhead, read, signal, onClose }: PartStreamOptions): ByteStream {
  let part = Math.floor(begin / layout.partBytes)
  let skip = begin - layout.begin(part)
  const queue: Promise<Uint8Array<ArrayBuffer>>[] = []
  let controller: ReadableStreamDefaultController | undefined

  function close(): void {
    part = layout.numParts
    queue.length = 0
    signal?.removeEventListener('abort', onAbort)
    onClose?.(signal?.aborted ?? false)
  }

  function onAbort(): void {
    close()
    controller?.error(abortError(signal))
  }

  async function next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (queue.length < readAhead && part < layout.numParts) {
      const bytes = read(part++)
      // what fails while it is read ahead shows when its turn comes
      bytes.catch(() => undefined)
      queue.push(bytes)
    }
    const bytes = await queue.shift()
    const from = skip
    skip = 0
    return bytes?.subarray(from)
  }

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(own) {
        controller = own
        signal?.addEventListener('abort', onAbort)
      },
      async pull() {
        try {
          const bytes = await next()
          if (signal?.aborted) return
          if (bytes) return controller?.enqueue(bytes)
          close()
          controller?.close()
        } catch (error) {
          if (signal?.aborted) return
          close()
          throw error
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}
