const MIB = 2 ** 20

export function formatBytes(bytes: number): string {
  if (bytes < MIB) return `${(bytes / 1024).toFixed(0)} KiB`
  return bytes < 1024 * MIB ? `${(bytes / MIB).toFixed(1)} MiB` : `${(bytes / MIB / 1024).toFixed(2)} GiB`
}

export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

export function formatSeconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
}

export function formatRate(tokens: number, ms: number): string {
  const rate = ms > 0 ? (tokens * 1000) / ms : 0
  return `${rate < 100 ? rate.toFixed(1) : formatCount(Math.round(rate))} tokens/s`
}

/** Leaves out what is empty. */
export function joinFacts(...facts: readonly (string | undefined)[]): string {
  return facts.filter(Boolean).join(' · ')
}
