import { isJsonObject } from '../../core/json'

/** A value within an object or array, as it is written, and its name there. */
interface JsonPart {
  readonly name: string | undefined
  readonly text: string
}

/** Where the object, array or string that begins at `at` ends; undefined if the text ends before. */
export function jsonEnd(text: string, at: number): number | undefined {
  const symbol = /"(?:[^"\\]|\\[\s\S])*"|[{}[\]"]/g
  symbol.lastIndex = at
  let depth = 0
  for (let match = symbol.exec(text); match; match = symbol.exec(text)) {
    const [found] = match
    // a string that does not end
    if (found === '"') return undefined
    if (found === '{' || found === '[') depth++
    else if (found === '}' || found === ']') depth--
    if (depth <= 0) return symbol.lastIndex
  }
  return undefined
}

/** The members of an object or the items of an array, as they are written. `json`: valid, of one of the two. */
export function jsonParts(json: string): JsonPart[] {
  const parts: JsonPart[] = []
  const begin = /[\s,]*(?:("(?:[^"\\]|\\.)*")\s*:\s*)?/y
  const scalar = /[^\s,}\]]+/y
  const isObject = json[0] === '{'
  for (let at = 1; ; ) {
    begin.lastIndex = at
    const name = isObject ? begin.exec(json)?.[1] : undefined
    at = isObject ? begin.lastIndex : skipped(json, at)
    if (json[at] === '}' || json[at] === ']' || at >= json.length) return parts
    scalar.lastIndex = at
    const end = /["{[]/.test(json[at]) ? jsonEnd(json, at) : scalar.test(json) ? scalar.lastIndex : undefined
    if (end === undefined) return parts
    parts.push({ name: name === undefined ? undefined : JSON.parse(name), text: json.slice(at, end) })
    at = end
  }
}

function skipped(text: string, at: number): number {
  const space = /[\s,]*/y
  space.lastIndex = at
  space.test(text)
  return space.lastIndex
}

/** Whether a text is JSON of an object, or, if that is asked, of an array of objects. */
export function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) || (Array.isArray(value) && value.every(isJsonObject))
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
