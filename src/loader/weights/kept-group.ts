import type { QuantizedRows } from '../../core/rows'

const GROUPS = [128, 64, 32] as const

/** The longest of our groups that divides runs of `group` columns, and all of them; undefined if there is none. */
export function keptGroup(group: number, cols: number): QuantizedRows['group'] | undefined {
  return GROUPS.find(each => group % each === 0 && cols % each === 0)
}
