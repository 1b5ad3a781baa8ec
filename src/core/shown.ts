/** Characters of a value that a message shows: enough to find it again, and still one line. */
const MAX_SHOWN = 80

/** A value that is not what it should be, as an error message shows it: with its type where that is not plain to see. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `${JSON.stringify(cut(value))}, a text`
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** A value that came out of JSON, as JSON again. */
export function shownJson(value: unknown): string {
  return cut(JSON.stringify(value) ?? String(value))
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
