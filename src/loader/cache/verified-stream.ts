import { DownloadFailed } from '../../core/errors'
import type { ByteStream } from '../source'
import { Sha256 } from './sha256'

/** The stream of a whole file, which fails at its end, before its last chunk, if its SHA-256 is another. */
export function verifiedStream(stream: ByteStream, name: string, sha256: string): ByteStream {
  const sum = new Sha256()
  let held: Uint8Array<ArrayBuffer> | undefined
  return stream.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        sum.update(chunk)
        if (held) controller.enqueue(held)
        held = chunk
      },
      flush(controller) {
        checkSum(name, sum, sha256)
        if (held) controller.enqueue(held)
      },
    }),
  )
}

/** @throws DownloadFailed */
export function checkSum(name: string, sum: Sha256, sha256: string): void {
  const found = sum.digest()
  if (found === sha256) return
  throw new DownloadFailed(
    `${name} has arrived damaged: its SHA-256 is ${found}, not ${sha256}. It was discarded; load it again.`,
  )
}
