/** Sequences with keys and values in a block pool, queries on them, and the naive f64 answer: for the attention tests. */

import { planCapacity } from '../../src/attention/layout'
import { type AttentionPlan, AttentionPlanner } from '../../src/attention/plan'
import { BLOCK_LEN, blocksFor } from '../../src/core/block'
import type { KvFormat } from '../../src/core/kv-format'
import { type AttentionItems, type AttentionScores, type AttentionWay, attention } from '../../src/kernels/attention'
import type { KernelContext } from '../../src/kernels/context'
import type { AttentionShape } from '../../src/kernels/kv-cache'
import { mergeAttention } from '../../src/kernels/merge-attention'
import type { KernelBench } from '../support/gpu'
import { random } from '../support/random'
import { KvLayout } from './kv-layout'

/** A query token of a sequence with this block table. */
export interface Token {
  readonly blocks: readonly number[]
  readonly position: number
}

/** What an `AttentionPlan` lists, with the query vectors of each tile. */
export type Plan = Pick<AttentionPlan, 'rows' | 'blocks' | 'merges' | 'numPartialSlots'> & {
  readonly tiles: readonly { readonly queries: number; readonly items: Uint32Array }[]
  readonly segmentTokens: number
  /** Query heads per item; default: all of a KV head's. */
  readonly groupSize?: number
}

export interface Scene extends AttentionScores {
  readonly shape: AttentionShape
  readonly tokens: readonly Token[]
  /** [tokens, numHeads, headDim], scaled for base 2 */
  readonly q: Float32Array<ArrayBuffer>
  /** [numBlocks · BLOCK_LEN, numKvHeads, headDim] */
  readonly k: Float32Array<ArrayBuffer>
  readonly v: Float32Array<ArrayBuffer>
  /** How the cache keeps k and v; default f32. */
  readonly format?: KvFormat
}

/** Block tables of sequences of these lengths, in a random order of the pool's blocks. */
export function blockTables(lengths: readonly number[], seed = 1): number[][] {
  const { int } = random(seed)
  const pool = Array.from({ length: lengths.reduce((sum, length) => sum + blocksFor(length), 0) }, (_, block) => block)
  return lengths.map(length => Array.from({ length: blocksFor(length) }, () => pool.splice(int(0, pool.length), 1)[0]))
}

/** `group` query heads per KV head. */
export function shapeOf(headDim: number, group: number, numKvHeads = 2): AttentionShape {
  return { headDim, numKvHeads, numHeads: group * numKvHeads }
}

/** Positions [start, start + count) of a sequence. */
export interface Chunk {
  readonly start: number
  readonly count: number
}

export interface Part extends Chunk {
  readonly blockTable: readonly number[]
}

export function partsOf(chunks: readonly Chunk[]): Part[] {
  const tables = blockTables(chunks.map(({ start, count }) => start + count))
  return chunks.map((chunk, index) => ({ ...chunk, blockTable: tables[index] }))
}

export function tokensOf(parts: readonly Part[]): Token[] {
  return parts.flatMap(({ start, count, blockTable }) =>
    Array.from({ length: count }, (_, index) => ({ blocks: blockTable, position: start + index })),
  )
}

/** Keys in a segment of the planner's plans here. */
export const SEGMENT = 256

/** The planner's plan, with these tiles. */
export function planOf(
  parts: readonly Part[],
  { numHeads, numKvHeads }: AttentionShape,
  tiles: readonly number[],
  groupSize = numHeads / numKvHeads,
): Plan {
  const layout = { segmentTokens: SEGMENT, groupSize, tiles }
  const contextLength = Math.max(...parts.map(({ start, count }) => start + count))
  const tokenBudget = parts.reduce((sum, { count }) => sum + count, 0)
  const plan = new AttentionPlanner(layout, planCapacity({ layout, tokenBudget, contextLength })).plan(parts)
  return {
    ...plan,
    segmentTokens: SEGMENT,
    groupSize,
    tiles: tiles.map((queries, tile) => ({ queries, items: plan.items[tile] })),
  }
}

/** Random contents for the blocks of these tokens; scores of about ±`scoreScale` · 10. */
export function createScene(shape: AttentionShape, tokens: readonly Token[], seed = 1, scoreScale = 1): Scene {
  const { floats } = random(seed)
  const { numHeads, numKvHeads, headDim } = shape
  const numBlocks = 1 + Math.max(...tokens.flatMap(({ blocks }) => blocks))
  return {
    shape,
    tokens,
    q: floats(tokens.length * numHeads * headDim, (10 * scoreScale) / Math.sqrt(headDim)),
    k: floats(numBlocks * BLOCK_LEN * numKvHeads * headDim),
    v: floats(numBlocks * BLOCK_LEN * numKvHeads * headDim),
  }
}

/** softmax(q·Kᵀ)·V of each token over the keys that it sees, as the cache keeps them, naively and in f64. */
export function reference({
  shape,
  tokens,
  q,
  format = 'f32',
  window = Infinity,
  softcap = Infinity,
  ...cached
}: Scene) {
  const [k, v] = [cached.k, cached.v].map(values => new KvLayout(format, shape).round(values))
  const { numHeads, numKvHeads, headDim } = shape
  const out = new Float64Array(q.length)
  tokens.forEach(({ blocks, position }, token) => {
    for (let head = 0; head < numHeads; head++) {
      const row = (token * numHeads + head) * headDim
      const kvHead = Math.floor((head * numKvHeads) / numHeads)
      const firstKey = Math.max(0, position + 1 - window)
      const starts = Array.from({ length: position + 1 - firstKey }, (_, index) => {
        const key = firstKey + index
        const slot = blocks[Math.floor(key / BLOCK_LEN)] * BLOCK_LEN + (key % BLOCK_LEN)
        return (slot * numKvHeads + kvHead) * headDim
      })
      const scores = starts.map(start => {
        let score = 0
        for (let d = 0; d < headDim; d++) score += q[row + d] * k[start + d]
        return softcap < Infinity ? softcap * Math.tanh((score * Math.LN2) / softcap) * Math.LOG2E : score
      })
      const highest = scores.reduce((a, b) => Math.max(a, b))
      const weights = scores.map(score => 2 ** (score - highest))
      const sum = weights.reduce((a, b) => a + b)
      starts.forEach((start, key) => {
        for (let d = 0; d < headDim; d++) out[row + d] += (weights[key] / sum) * v[start + d]
      })
    }
  })
  return out
}

/** The outputs that attention and merge write for the plan, by the device's best way, or by the given one. */
export async function run(
  bench: KernelBench,
  scene: Scene,
  plan: Plan,
  context: KernelContext = bench,
  way?: AttentionWay,
) {
  const { shape, q, format = 'f32', window, softcap } = scene
  const layout = new KvLayout(format, shape)
  const out = bench.output(q.length)
  const numSlots = Math.max(1, plan.numPartialSlots)
  const partialO = bench.output(numSlots * shape.numHeads * shape.headDim)
  const partialStats = bench.output(numSlots * shape.numHeads * 2)
  const cache = { k: bench.upload(layout.pack(scene.k, 'k')), v: bench.upload(layout.pack(scene.v, 'v')) }
  const buffers = { q: bench.upload(q), format, ...cache, out, partialO, partialStats }
  const { segmentTokens, groupSize } = plan
  const recorders = plan.tiles.map(({ queries }) => {
    return attention(context, shape, { queries, groupSize, segmentTokens, window, softcap }, buffers, way)
  })
  const merge = mergeAttention(context, shape, buffers)
  await bench.ready()
  const { step } = context
  const lists = { firstRow: step.push(plan.rows), firstBlock: step.push(plan.blocks) }
  plan.tiles.forEach(({ items }, tile) => {
    const list: AttentionItems = { ...lists, firstItem: step.push(items), numItems: items.length / 5 }
    recorders[tile](list)
  })
  merge(step.push(plan.merges), plan.merges.length / 3)
  if (step !== bench.step) step.submit()
  const stats = await bench.read(partialStats, numSlots * shape.numHeads * 2)
  return { out: await bench.read(out, q.length), stats }
}

export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}
