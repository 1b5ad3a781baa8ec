import type { ByteStream } from '../sources/source'
import { beginSum, type Checksum, checkSum } from './checksum'

/** The stream of a whole file, which fails at its end, before its last chunk, if its checksum is another. */
export function verifiedStream(stream: ByteStream, name: string, checksum: Checksum, numBytes: number): ByteStream {
  const sum = beginSum(checksum, numBytes)
  let held: Uint8Array<ArrayBuffer> | undefined
  return stream.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        sum.update(chunk)
        if (held) controller.enqueue(held)
        held = chunk
      },
      flush(controller) {
        checkSum(name, sum, checksum)
        if (held) controller.enqueue(held)
      },
    }),
  )
}
