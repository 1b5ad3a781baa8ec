import type { Runner } from './runner'

/** The counts of what was done on a device, and what it is. */
export type DeviceCounts = ReturnType<Runner['stats']>

/** A device's counts with those of the devices before it; its name, and the bytes on it, are its own. */
export function addCounts(before: DeviceCounts | undefined, now: DeviceCounts): DeviceCounts {
  const { adapter, gpuBytes, ...counts } = now
  const names = Object.keys(counts) as (keyof typeof counts)[]
  const sums = Object.fromEntries(names.map(name => [name, counts[name] + (before?.[name] ?? 0)]))
  return { ...now, ...sums }
}
