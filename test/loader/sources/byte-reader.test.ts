import { describe, expect, it } from 'vitest'
import { DownloadFailed } from '../../../src/core/errors'
import { ByteReader } from '../../../src/loader/sources/byte-reader'
import type { ByteStream } from '../../../src/loader/sources/source'
import { random } from '../../support/random'

const BYTES = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)

/** `toEqual` takes long for so many. */
function expectSame(a: Uint8Array, b: Uint8Array) {
  expect(Buffer.compare(a, b)).toBe(0)
}

/** Chunks of any length, of a stream that hands out its own memory. */
function chunks(seed: number): ByteStream {
  const { int } = random(seed)
  let at = 0
  return new ReadableStream({
    pull(controller) {
      const end = Math.min(BYTES.length, at + int(0, 40_000))
      controller.enqueue(BYTES.slice(at, end))
      at = end
      if (at === BYTES.length) controller.close()
    },
  })
}

/** A stream that writes into the reader's memory, as much at a time as it likes. */
function direct(seed: number): ByteStream {
  const { int } = random(seed)
  let at = 0
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const view = controller.byobRequest?.view
      if (!view) return
      const part = BYTES.subarray(at, at + int(1, Math.min(view.byteLength, 40_000)))
      if (part.length === 0) controller.close()
      else new Uint8Array(view.buffer, view.byteOffset).set(part)
      at += part.length
      controller.byobRequest?.respond(part.length)
    },
  })
}

describe.each([
  ['of a network', chunks],
  ['of a file', direct],
])('a stream %s', (_, open) => {
  it('is read to its end in pieces of any length, taken, filled and skipped', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { int } = random(seed)
      const reader = new ByteReader(open(seed), 'f')
      while (reader.bytesRead < BYTES.length) {
        const [begin, length] = [reader.bytesRead, int(0, 60_000)]
        if (seed % 2 === 0 && int(0, 3) === 0) {
          const filled = int(0, length)
          const bytes = await reader.fill(new Uint8Array(length), filled)
          expectSame(bytes.subarray(filled), BYTES.subarray(begin, begin + length - filled))
        } else if (int(0, 3) === 0) await reader.skip(length)
        else expectSame(await reader.take(length), BYTES.subarray(begin, begin + length))
        expect(reader.bytesRead).toBeLessThanOrEqual(begin + length)
      }
      expectSame(await reader.take(10), new Uint8Array(0))
      await reader.close()
    }
  })

  it('that ends early gives what there is', async () => {
    const reader = new ByteReader(open(1), 'f')
    expectSame(await reader.take(10 * BYTES.length), BYTES)
  })

  it('that is aborted rejects with the reason, also while it is read', async () => {
    const abort = new AbortController()
    const reader = new ByteReader(
      new ReadableStream({ type: open === direct ? 'bytes' : undefined }),
      'f',
      abort.signal,
    )
    const taking = reader.take(10)
    abort.abort(new Error('enough'))
    await expect(taking).rejects.toThrow('enough')
  })
})

it('a failure says how far reading came', async () => {
  const failing = new ReadableStream({ type: 'bytes', pull: controller => controller.error(new Error('gone')) })
  const taking = new ByteReader(failing, 'f').take(10)
  await expect(taking).rejects.toBeInstanceOf(DownloadFailed)
  await expect(taking).rejects.toThrow('f: reading broke off after 0 bytes')
})
