import { describe, expect, test } from 'vitest'
import { CoppiceError, CorruptCheckpoint } from '../../../src/core/errors'
import { hubSource } from '../../../src/loader/hub/hub-source'
import { parseListing } from '../../../src/loader/hub/listing'
import { startServer } from '../../support/server'

const SHA1 = 'a'.repeat(40)
const list = (...siblings: object[]) => parseListing({ sha: SHA1, siblings }, 'hub')
const file = (more: object) => ({ rfilename: 'model.safetensors', size: 5, blobId: SHA1, ...more })

describe("the hub's list of files", () => {
  test('gives lengths and checksums', () => {
    const hash = 'b'.repeat(64)
    const { commit, files } = list(file({}), file({ rfilename: 'a/b.gguf', lfs: { sha256: hash } }))
    expect(commit).toBe(SHA1)
    expect(files.get('model.safetensors')).toEqual({ bytes: 5, checksum: { hash: SHA1, isBlob: true } })
    expect(files.get('a/b.gguf')).toEqual({ bytes: 5, checksum: { hash, isBlob: false } })
  })

  test.each([-1, 0.5, 2 ** 53, Number.NaN, null, '5', undefined])('is corrupt with a file of %s bytes', size => {
    expect(() => list(file({ size }))).toThrow(CorruptCheckpoint)
    expect(() => list(file({ size }))).toThrow('without its name, size or hash')
  })

  test.each([1e14, 2 ** 52, 2 ** 40 + 1])('is corrupt with a file of %d bytes, which says the limit', size => {
    expect(() => list(file({ size }))).toThrow(CorruptCheckpoint)
    expect(() => list(file({ size }))).toThrow(
      `hub: the hub says that "model.safetensors" has ${size} bytes; the most for a file is 1099511627776.`,
    )
  })

  test.each(['', '..', '../../other/name/resolve/main/a.gguf', 'a/../b', './a', '/a', 'a//b', 'a/', 'a\\..\\b'])(
    'is corrupt with a file called "%s"',
    rfilename => {
      expect(() => list(file({ rfilename }))).toThrow(CorruptCheckpoint)
      expect(() => list(file({ rfilename }))).toThrow('which is no path in a repository')
    },
  )

  test('quotes no more of an absurd name than fits a line', () => {
    const rfilename = `${'x'.repeat(1e6)}/..`
    expect(() => list(file({ rfilename }))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,200}$/) }),
    )
  })
})

/** What comes of a model whose hub sends these pieces as its list of files. */
async function openWith(...pieces: string[]): Promise<unknown> {
  const server = await startServer((_, response) => {
    const write = () => {
      const piece = pieces.shift()
      if (piece === undefined) response.end()
      else if (!response.destroyed) response.write(piece, write)
    }
    write()
  })
  const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
  try {
    return await hubSource(location, { host: server.url }, undefined).catch(error => error)
  } finally {
    server.close()
  }
}

test('a list of more files than any repository has is refused, with the limit', async () => {
  const piece = `{"rfilename":"a.gguf","size":1,"blobId":"${SHA1}"},`.repeat(10_000)
  const failure = await openWith(`{"sha":"${SHA1}","siblings":[`, ...Array(40).fill(piece))
  expect(failure).toBeInstanceOf(CorruptCheckpoint)
  expect(String(failure)).toContain('is larger than 16777216 bytes')
})

test('of many GGUF files an error names some', async () => {
  const siblings = Array.from({ length: 50_000 }, (_, index) => file({ rfilename: `${index}.gguf` }))
  const failure = await openWith(JSON.stringify({ sha: SHA1, siblings }))
  expect(failure).toBeInstanceOf(CoppiceError)
  expect(String(failure).length).toBeLessThan(1000)
  expect(String(failure)).toContain('and 49980 more.')
})
