import { BLOCK_LEN } from '../core/block'
import type { AttentionChunk } from './forest'

/**
 * Chunks for layers in which a token sees itself and the `window` - 1 tokens before it: cut where the first segment in
 * sight changes, each as if its sequence began with that segment. So rows of one piece see something of all its segments,
 * and pieces of several sequences can share them like any others.
 */
export function chunksInSight(
  chunks: readonly AttentionChunk[],
  window: number,
  segmentTokens: number,
): readonly AttentionChunk[] {
  if (window === Number.POSITIVE_INFINITY) return chunks
  const pieces: AttentionChunk[] = []
  for (const { start, count, blockTable } of chunks) {
    const end = start + count
    for (let at = start; at < end; ) {
      const firstSegment = Math.max(0, Math.floor((at - window + 1) / segmentTokens))
      const firstKey = firstSegment * segmentTokens
      const next = Math.min(end, firstKey + segmentTokens + window - 1)
      pieces.push({
        start: at - firstKey,
        count: next - at,
        blockTable: blockTable.slice(firstKey / BLOCK_LEN),
        firstKey,
      })
      at = next
    }
  }
  return pieces
}

/** Most keys that a piece spans: a segment of which the last is in sight, and what follows. */
export function keysInSight(window: number, segmentTokens: number): number {
  return window + segmentTokens - 1
}
