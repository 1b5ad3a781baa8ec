import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { beginSum } from '../../../src/loader/cache/checksum'
import { Sha1 } from '../../../src/loader/cache/sha1'
import { Sha256 } from '../../../src/loader/cache/sha256'
import { random } from '../../support/random'

function randomBytes(length: number, seed: number): Uint8Array {
  const { int } = random(seed)
  return Uint8Array.from({ length }, () => int(0, 256))
}

const oracle = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
])('SHA-256 of "%s" is that of the standard', (text, digest) => {
  const sum = new Sha256()
  sum.update(new TextEncoder().encode(text))
  expect(sum.digest()).toBe(digest)
})

test('SHA-256 is that of Node for every length around a block', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = randomBytes(length, length)
    const sum = new Sha256()
    sum.update(bytes)
    expect(sum.digest()).toBe(oracle(bytes))
  }
})

test('SHA-256 does not depend on how the bytes are cut', () => {
  for (let seed = 0; seed < 50; seed++) {
    const bytes = randomBytes(10_007, seed)
    const lengths = randomBytes(200, seed + 1000)
    const sum = new Sha256()
    let begin = 0
    for (const length of lengths) {
      sum.update(bytes.subarray(begin, begin + length))
      begin += length
    }
    sum.update(bytes.subarray(begin))
    expect(sum.digest(), `seed ${seed}`).toBe(oracle(bytes))
  }
})

test('SHA-1 is that of Node for every length around a block', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = randomBytes(length, length)
    const sum = new Sha1()
    sum.update(bytes)
    expect(sum.digest()).toBe(createHash('sha1').update(bytes).digest('hex'))
  }
})

test('the sum of a blob is the name that git gives it', () => {
  const bytes = new TextEncoder().encode('hello\n')
  // git hash-object, in repositories of SHA-1 and of SHA-256
  for (const hash of [
    'ce013625030ba8dba906f756967f9e9ca394464a',
    '2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4',
  ]) {
    const sum = beginSum({ hash, isBlob: true }, bytes.length)
    sum.update(bytes)
    expect(sum.digest()).toBe(hash)
  }
})
