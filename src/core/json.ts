import { CorruptCheckpoint } from './errors'
import { parsePythonJson } from './python-json'

/** A JSON object whose fields nobody has checked yet. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** A JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list; none if it is not one. */
export function jsonObjects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

/** Parses `text`, which `file` held. Throws `CorruptCheckpoint` unless it is one object of the JSON that Python reads. */
export function parseJsonObject(text: string, file: string): JsonObject {
  const value = parsePythonJson(text, file)
  if (!isJsonObject(value)) throw new CorruptCheckpoint(`${file} must hold a JSON object, but holds ${brief(value)}.`)
  return value
}

/** A JSON value as error messages quote it, cut to 60 characters; numbers that JSON has no word for as Python writes them. */
export function brief(value: unknown): string {
  const text = stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

function stringify(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return JSON.stringify(value) ?? 'undefined'
}
