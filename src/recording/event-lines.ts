import { InvalidRequest } from '../core/errors'
import type { EngineEvent } from '../engine/events'

const FILE = 'coppice events'
/** To be raised when an event of before would be read as something else. */
const VERSION = 1

const KINDS: readonly EngineEvent['kind'][] = ['snapshot', 'call', 'call-end', 'tree', 'blocks', 'counts', 'step']

/** Fields that are lists of numbers, and those that are lists of such lists. */
const INT32 = new Set(['runs', 'blocks', 'removed', 'claims', 'chunks', 'ended'])
const INT32_LISTS = new Set(['changed'])
const UINT32_LISTS = new Set(['refCounts'])

/** The first line of a recording. */
export function headerLine(modelName: string): string {
  return JSON.stringify({ file: FILE, version: VERSION, modelName })
}

/** @throws InvalidRequest for what is no recording, or of another version */
export function checkHeader(line: string): void {
  const { file, version } = parse(line, 1)
  if (file !== FILE) throw new InvalidRequest(`The file is no recording: its first line is ${line.slice(0, 80)}`)
  if (version === VERSION) return
  throw new InvalidRequest(`The recording is of version ${String(version)}, but this reads version ${VERSION}.`)
}

/** An event as JSON, its lists of numbers as arrays. */
export function toLine(event: EngineEvent): string {
  return JSON.stringify(event, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value))
}

/** @throws InvalidRequest for what is none. `number`: the line's, for that */
export function fromLine(line: string, number: number): EngineEvent {
  const event = parse(line, number, (key, value) => {
    if (!Array.isArray(value)) return value
    if (INT32.has(key)) return Int32Array.from(value)
    if (INT32_LISTS.has(key)) return value.map(each => Int32Array.from(each))
    if (UINT32_LISTS.has(key)) return value.map(each => Uint32Array.from(each))
    return value
  })
  if (KINDS.includes(event.kind as EngineEvent['kind'])) return event as unknown as EngineEvent
  throw new InvalidRequest(`Line ${number} of the recording is no event: ${line.slice(0, 80)}`)
}

function parse(line: string, number: number, reviver?: (key: string, value: unknown) => unknown) {
  try {
    const value: unknown = JSON.parse(line, reviver)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (cause) {
    throw new InvalidRequest(`Line ${number} of the recording is no JSON: ${line.slice(0, 80)}`, { cause })
  }
  throw new InvalidRequest(`Line ${number} of the recording is no object: ${line.slice(0, 80)}`)
}
