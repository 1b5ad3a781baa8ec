import { InvalidRequest } from '../core/errors'
import { Sha256 } from '../loader/cache/sha256'

/** A line of a job: a text, or its bytes as they stand in a file that should be UTF-8. */
export type Line = string | Uint8Array

/**
 * Bytes of a line, at most: more than the prompt of any context that a model has, and little enough that a file without
 * line ends does not fill the memory before it is refused.
 */
export const MAX_LINE_BYTES = 32 * 1024 * 1024

const NEWLINE = 10

/**
 * The lines of a file that comes in pieces, without their line feeds; a last one without its line feed counts. Of a line
 * that is longer than `maxBytes`, the first `maxBytes + 1` bytes.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes = MAX_LINE_BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  let begun: Uint8Array[] = []
  let numBytes = 0
  const add = (bytes: Uint8Array) => {
    const taken = bytes.subarray(0, maxBytes + 1 - numBytes)
    if (taken.length > 0) begun.push(taken)
    numBytes += taken.length
  }
  const take = () => {
    const line = begun.length === 1 ? begun[0] : joined(begun, numBytes)
    begun = []
    numBytes = 0
    return line
  }
  for await (const piece of pieces) {
    let begin = 0
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, begin)) {
      add(piece.subarray(begin, end))
      yield take()
      begin = end + 1
    }
    add(piece.subarray(begin))
  }
  if (numBytes > 0) yield take()
}

function joined(pieces: readonly Uint8Array[], numBytes: number): Uint8Array {
  const line = new Uint8Array(numBytes)
  let at = 0
  for (const piece of pieces) {
    line.set(piece, at)
    at += piece.length
  }
  return line
}

/** U+FEFF in UTF-8, which files that were joined have at the beginning of lines, too. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** White space of JSON and of ASCII, as bytes. */
const WHITE_SPACE = new Set([9, 10, 11, 12, 13, 32])

/** Whether there is nothing on the line, which then is no request. */
export function isBlank(line: Line): boolean {
  if (typeof line === 'string') return line.trim() === ''
  let begin = 0
  while (BYTE_ORDER_MARK.every((byte, index) => line[begin + index] === byte)) begin += BYTE_ORDER_MARK.length
  for (let at = begin; at < line.length; at++) if (!WHITE_SPACE.has(line[at])) return false
  return true
}

/** The line's text, without byte order marks before it. @throws InvalidRequest if it is too long, or not UTF-8 */
export function textOfLine(line: Line): string {
  if (line.length > MAX_LINE_BYTES) {
    throw new InvalidRequest(
      `the line has more than ${MAX_LINE_BYTES} bytes. Shorten it, or end lines with line feeds.`,
    )
  }
  return (typeof line === 'string' ? line : decode(line)).replace(/^\ufeff+/, '')
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new InvalidRequest(`this is not UTF-8: ${reasonOf(bytes)}. Save the file as UTF-8.`, { cause })
  }
}

function reasonOf(bytes: Uint8Array): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return 'it begins as UTF-16'
  const at = firstBadByte(bytes)
  const hex = bytes[at].toString(16).toUpperCase().padStart(2, '0')
  return `byte ${at + 1} is 0x${hex}, as in a file of Latin-1 or Windows-1252`
}

/** U+FFFD in UTF-8. */
const REPLACEMENT = [0xef, 0xbf, 0xbd]

/** Where the first bytes begin that are no character: a U+FFFD stands there when they are decoded. */
function firstBadByte(bytes: Uint8Array): number {
  const decoded = new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  let at = 0
  while (decoded[at] === bytes[at]) at++
  return at - REPLACEMENT.indexOf(decoded[at])
}

/** Hexadecimal digits of a hash that are kept: 128 bits, by which no two lines of all files are taken for each other. */
const HASH_DIGITS = 32

/** Tells whether a line is still the same. */
export function hashOf(line: Line): string {
  const hash = new Sha256()
  hash.update(typeof line === 'string' ? new TextEncoder().encode(line) : line)
  return hash.digest().slice(0, HASH_DIGITS)
}
