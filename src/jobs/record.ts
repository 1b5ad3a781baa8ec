import { isJsonObject, type JsonObject } from '../core/json'
import { crc32 } from './crc32'

/** The field that a record begins with, which says the length in bytes and the CRC-32 of the rest. */
const PREFIX = /^\{"record":"(\d+):([0-9a-f]{8})",/
const PREFIX_MAX_CHARS = 64

/** An entry of a log as a line of JSON which tells whether it is whole. `entry` has a field at least. */
export function recordLine(entry: object): string {
  const rest = JSON.stringify(entry).slice(1)
  return `{"record":"${sumOf(new TextEncoder().encode(rest))}",${rest}\n`
}

/** The entry on a line, without its line feed; undefined if it is not whole. */
export function readRecord(line: Uint8Array): JsonObject | undefined {
  const head = new TextDecoder().decode(line.subarray(0, PREFIX_MAX_CHARS))
  const [prefix, length, sum] = PREFIX.exec(head) ?? []
  if (prefix === undefined) return undefined
  const rest = line.subarray(prefix.length)
  if (`${length}:${sum}` !== sumOf(rest)) return undefined
  const entry: unknown = JSON.parse(`{${new TextDecoder().decode(rest)}`)
  return isJsonObject(entry) ? entry : undefined
}

function sumOf(bytes: Uint8Array): string {
  return `${bytes.length}:${crc32(bytes).toString(16).padStart(8, '0')}`
}

/** Says of a record that is not whole where it is, and which row's answer it held, where that can still be read. */
export function damagedRecord(file: string, begin: number, bytes: Uint8Array): string {
  const [, row] = /"batch_req_(\d+)"/.exec(new TextDecoder().decode(bytes)) ?? []
  const which = row ? `the answer to row ${row}, which is computed again` : 'an answer, whose row is computed again'
  return `${file}, byte ${begin}: ${bytes.length} bytes are damaged; they held ${which}.`
}

const NEWLINE = 10

/** A line of a log. */
export interface LogLine {
  /** The first byte. */
  readonly begin: number
  /** Bytes, without the line feed. */
  readonly bytes: number
  /** Undefined where the record is not whole. */
  readonly entry: JsonObject | undefined
}

/** The lines of a log from byte `begin` on. What comes after the last line feed was torn off, and is none. */
export function* logLines(log: Uint8Array, begin = 0): Generator<LogLine, void, undefined> {
  for (let end = log.indexOf(NEWLINE, begin); end >= 0; end = log.indexOf(NEWLINE, begin)) {
    yield { begin, bytes: end - begin, entry: readRecord(log.subarray(begin, end)) }
    begin = end + 1
  }
}
