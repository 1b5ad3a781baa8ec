import type { Prompt } from '../../index'

const PLACE = '{line}'

/**
 * The prompt for one line. The instruction comes first, so that all lines begin alike and the engine can share it: as chat
 * it is the system message, as text a paragraph of its own, unless it says with `{line}` where the line goes.
 */
export function promptFor(instruction: string, line: string, isChat: boolean): Prompt {
  const before = instruction.trimEnd()
  const hasPlace = before.includes(PLACE)
  // a function: what the line holds is no pattern
  const text = hasPlace ? before.replaceAll(PLACE, () => line) : line
  if (!isChat) return hasPlace || !before ? text : `${before}\n\n${text}`
  const user = { role: 'user', content: text }
  return hasPlace || !before ? [user] : [{ role: 'system', content: before }, user]
}
