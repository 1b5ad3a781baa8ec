import { abortError } from '../../core/errors'
import type { ByteStream } from '../sources/source'
import type { PartLayout } from './parts'

export interface PartStreamOptions {
  readonly layout: PartLayout
  /** The first byte to give. */
  readonly begin: number
  readonly read: (part: number) => Promise<Uint8Array<ArrayBuffer>>
  readonly signal?: AbortSignal
  /** Called when nothing more will be read: at the end, on cancelling, on failure, or because the signal has aborted. */
  readonly onClose?: (isAborted: boolean) => void
}

/** The bytes of a file from `begin` on, a part at a time. */
export function partStream({ layout, begin, read, signal, onClose }: PartStreamOptions): ByteStream {
  let part = Math.floor(begin / layout.partBytes)
  let skip = begin - layout.begin(part)
  let controller: ReadableStreamDefaultController | undefined

  function close(): void {
    part = layout.numParts
    signal?.removeEventListener('abort', onAbort)
    onClose?.(signal?.aborted ?? false)
  }

  function onAbort(): void {
    close()
    controller?.error(abortError(signal))
  }

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(own) {
        controller = own
        signal?.addEventListener('abort', onAbort)
      },
      async pull() {
        try {
          if (part < layout.numParts) {
            const bytes = await read(part++)
            if (!signal?.aborted) controller?.enqueue(bytes.subarray(skip))
            skip = 0
            return
          }
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
