/** Lists of numbers as one. */
export function joined(parts: readonly (readonly number[])[]): number[] {
  // of the size that it will have: growing lists are most of what a large call leaves to the garbage collector
  const all = new Array<number>(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) for (let index = 0; index < part.length; index++) all[at++] = part[index]
  return all
}
