import { DownloadFailed } from '../../core/errors'
import type { BlockSum } from './block-sum'
import { Sha1 } from './sha1'
import { Sha256 } from './sha256'

/** The sum that the bytes of a file must have. Files of one checksum are the same. */
export interface Checksum {
  /** The sum in hexadecimal: a SHA-1 or, of twice the length, a SHA-256. */
  readonly hash: string
  /** The sum is git's name of the content, which begins with the length: for small files, which git itself keeps. */
  readonly isBlob: boolean
}

const SHA1_LENGTH = 40

/** A sum of nothing yet, for a file of so many bytes. */
export function beginSum({ hash, isBlob }: Checksum, numBytes: number): BlockSum {
  const sum = hash.length === SHA1_LENGTH ? new Sha1() : new Sha256()
  if (isBlob) sum.update(new TextEncoder().encode(`blob ${numBytes}\0`))
  return sum
}

/** Ends a sum and compares it. @throws DownloadFailed if it is another than that of the checksum */
export function checkSum(name: string, sum: BlockSum, { hash }: Checksum): void {
  const found = sum.digest()
  if (found === hash) return
  const kind = hash.length === SHA1_LENGTH ? 'SHA-1' : 'SHA-256'
  throw new DownloadFailed(
    `${name} has arrived damaged: its ${kind} is ${found}, not ${hash}. It was discarded; load it again.`,
  )
}
