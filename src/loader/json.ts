import { CorruptCheckpoint } from '../core/errors'

/** A JSON object whose fields nobody has checked yet. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** A JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses `text`, which `file` held. Throws `CorruptCheckpoint` unless it is one JSON object. */
export function parseJsonObject(text: string, file: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CorruptCheckpoint(`${file} is not valid JSON (${text.length} characters). Download it again.`, { cause })
  }
  if (!isJsonObject(value)) throw new CorruptCheckpoint(`${file} must hold a JSON object, but holds ${brief(value)}.`)
  return value
}

/** A JSON value as error messages quote it, cut to 60 characters. */
export function brief(value: unknown): string {
  const text = stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch (error) {
    // Unlike the parser, the writer is recursive.
    if (error instanceof RangeError) return '(nested too deeply to show)'
    throw error
  }
}
