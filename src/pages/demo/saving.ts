import { formatCount } from './format'

/** How many times less there was to read, for people: `tokens` of all prompts, of which `computed` were. Undefined where it was as much. */
export function savingOf(tokens: number, computed: number): string | undefined {
  if (computed === 0) return tokens > 0 ? 'Nothing left to read' : undefined
  const times = tokens / computed
  if (times < 1.05) return undefined
  return `${times < 10 ? times.toFixed(1) : formatCount(Math.round(times))} times less to read`
}
