import { type AttentionPlan, ITEM_FIELDS, MERGE_FIELDS } from '../../attention/plan'
import { BLOCK_LEN, SEGMENT_TOKENS } from '../../core/block'
import { type KvFormat, kvBlockBytes } from '../../core/kv-format'
import type { Gpu } from '../../gpu/device'
import { type AttentionWay, attention, attentionTiling, attentionWays } from '../../kernels/attention'
import { mergeAttention } from '../../kernels/merge-attention'
import { type AttentionScene, decodeScene, planScene, prefillScene, prefixScene, sceneTokens } from './attention-scene'
import { coldCopies, type KernelCase, type Prepared, type Work } from './case'
import { difference } from './check'
import type { Fixture } from './fixture'
import { type FilledCache, fillCache } from './kv-fill'
import type { ModelShape } from './models'
import { randomFloats } from './random'
import { ROWS } from './rows'

const FORMATS: readonly KvFormat[] = ['f32', 'f16', 'int8', 'int4']

/** Most rows that decode behind long contexts of their own. */
const MOST_DECODES = 64

/** Query tokens whose outputs are checked, spread over all. */
const CHECKED_TOKENS = 5

/** Error of exponentials and sums in f32. */
const BOUND = 1e-4

/** Cases of attention over a paged cache, and of the merge of its partial results where the engine's plan has some. */
export function attentionCases(model: ModelShape, gpu: Gpu): KernelCase[] {
  return scenes().flatMap(scene => {
    const plan = planScene(scene, model, gpu)
    const common = { part: scene.name, model: model.name, rows: sceneTokens(scene) }
    const attentions = FORMATS.filter(format => fits(gpu, scene, model, format)).flatMap(format => {
      const work = attentionWork(scene, model, format)
      const copies = coldCopies(work.bytes, model.numLayers)
      return attentionWays(gpu, model.headDim).map((variant, index) => ({
        ...common,
        kernel: 'attention',
        format,
        variant,
        isChosen: index === 0,
        isUsual: scene.isUsual && format === 'f16',
        work,
        copies,
        prepare: (fixture: Fixture) => prepare(fixture, scene, model, plan, { format, variant, copies }),
      }))
    })
    if (plan.numPartialSlots === 0) return attentions
    const [variant] = attentionWays(gpu, model.headDim)
    const merge = {
      ...common,
      kernel: 'merge',
      format: 'f32',
      variant: 'merge-attention',
      isChosen: true,
      isUsual: scene.isUsual,
      work: mergeWork(plan, model),
      copies: 1,
      prepare: (fixture: Fixture) => prepare(fixture, scene, model, plan, { format: 'f16', variant, copies: 1 }, true),
    }
    return [...attentions, merge]
  })
}

/** Work of attention: K and V of each block that any row sees once, whoever shares it; q and the output; two products with each key seen. */
export function attentionWork(
  { chunks, numBlocks }: Pick<AttentionScene, 'chunks' | 'numBlocks'>,
  model: ModelShape,
  format: KvFormat,
): Work {
  const rowLen = model.numHeads * model.headDim
  const positions = chunks.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i))
  const seen = positions.reduce((sum, position) => sum + position + 1, 0)
  return {
    bytes: 2 * numBlocks * kvBlockBytes(format, model) + 2 * 4 * positions.length * rowLen,
    flops: 4 * rowLen * seen,
  }
}

/** Work of the merge: each state once, and the output; a state's sums are weighed and added. */
export function mergeWork(
  { numPartialSlots, merges }: Pick<AttentionPlan, 'numPartialSlots' | 'merges'>,
  { numHeads, headDim }: ModelShape,
): Work {
  const numRows = merges.length / MERGE_FIELDS
  return {
    bytes: 4 * numHeads * (numPartialSlots * (headDim + 2) + numRows * headDim),
    flops: 3 * numHeads * numPartialSlots * (headDim + 1),
  }
}

function scenes(): AttentionScene[] {
  const decodes = ROWS.filter(rows => rows <= MOST_DECODES)
  return [
    ...decodes.map(rows => decodeScene(rows, 1024, [1, 8, 32].includes(rows))),
    ...decodes.map(rows => decodeScene(rows, 4096, [1, 8].includes(rows))),
    ...decodes.filter(rows => rows > 1).map(rows => prefixScene(rows, 1024, false)),
    ...decodes.filter(rows => rows > 1).map(rows => prefixScene(rows, 4096, rows === 32)),
    ...ROWS.filter(rows => rows > MOST_DECODES).map(rows => prefillScene(rows, rows, rows === 256)),
    prefillScene(256, 4096, false),
  ]
}

/** Whether a scene's cache fits: that of one layer is one buffer for K and one for V. */
function fits({ limits }: Gpu, { numBlocks }: AttentionScene, model: ModelShape, format: KvFormat): boolean {
  const { maxStorageBufferBindingSize, maxBufferSize } = limits
  return numBlocks * kvBlockBytes(format, model) <= Math.min(maxStorageBufferBindingSize, maxBufferSize)
}

async function prepare(
  fixture: Fixture,
  scene: AttentionScene,
  model: ModelShape,
  plan: AttentionPlan,
  how: { readonly format: KvFormat; readonly variant: AttentionWay; readonly copies: number },
  timesMerge = false,
): Promise<Prepared> {
  const { format, variant, copies } = how
  const { numHeads, headDim } = model
  const numTokens = sceneTokens(scene)
  const cache = await fillCache(fixture, model, format, scene.numBlocks, copies)
  const queries = randomFloats(numTokens * numHeads * headDim, numTokens, 10 / Math.sqrt(headDim))
  const numSlots = Math.max(1, plan.numPartialSlots)
  const out = fixture.output(queries.length)
  const partial = {
    partialO: fixture.output(numSlots * numHeads * headDim),
    partialStats: fixture.output(numSlots * numHeads * 2),
  }
  const q = fixture.upload(queries)
  const { groupSize, tiles } = attentionTiling(model, fixture.gpu.limits)
  const options = { groupSize, segmentTokens: SEGMENT_TOKENS }
  const recorders = cache.layers.map(layer =>
    tiles.map(tile =>
      attention(fixture, model, { ...options, queries: tile }, { q, ...layer, out, ...partial }, variant),
    ),
  )
  const merge = mergeAttention(fixture, model, { out, ...partial })
  const { step } = fixture

  const beginAttention = () => {
    const lists = { firstRow: step.push(plan.rows), firstBlock: step.push(plan.blocks) }
    const items = plan.items.map(list => ({
      ...lists,
      firstItem: step.push(list),
      numItems: list.length / ITEM_FIELDS,
    }))
    return (run: number) => {
      for (const [tile, list] of items.entries()) recorders[run % copies][tile](list)
    }
  }
  const beginMerge = () => {
    const firstMerge = step.push(plan.merges)
    return () => merge(firstMerge, plan.merges.length / MERGE_FIELDS)
  }
  const check = async () => {
    beginAttention()(0)
    beginMerge()()
    const actual = await fixture.readFloats(out, queries.length)
    for (let i = 0; i < CHECKED_TOKENS; i++) {
      const token = Math.floor((i * (numTokens - 1)) / Math.max(1, CHECKED_TOKENS - 1))
      const rowLen = numHeads * headDim
      const expected = reference(scene, model, cache, queries, token)
      const message = difference(actual.subarray(token * rowLen, (token + 1) * rowLen), d => expected[d], BOUND)
      if (message !== undefined) return `token ${token}: ${message}`
    }
    return undefined
  }
  return { begin: timesMerge ? beginMerge : beginAttention, check }
}

/** softmax(q·Kᵀ)·V of one token, [numHeads, headDim], naively and in f64. */
function reference(
  { chunks }: AttentionScene,
  { numHeads, numKvHeads, headDim }: ModelShape,
  { key, value }: FilledCache,
  queries: Float32Array,
  token: number,
): Float64Array {
  let first = 0
  const chunk = chunks.find(({ count }) => {
    first += count
    return token < first
  })
  if (!chunk) throw new Error(`there is no token ${token}`)
  const { start, count, blockTable } = chunk
  const numKeys = start + token - (first - count) + 1
  const out = new Float64Array(numHeads * headDim)
  for (let head = 0; head < numHeads; head++) {
    const kvHead = Math.floor((head * numKvHeads) / numHeads)
    const q = queries.subarray((token * numHeads + head) * headDim, (token * numHeads + head + 1) * headDim)
    const scores = Float64Array.from({ length: numKeys }, (_, at) => {
      const k = key(blockTable[Math.floor(at / BLOCK_LEN)], at % BLOCK_LEN, kvHead)
      return q.reduce((sum, x, d) => sum + x * k[d], 0)
    })
    const highest = scores.reduce((a, b) => Math.max(a, b))
    const weights = scores.map(score => 2 ** (score - highest))
    const sum = weights.reduce((a, b) => a + b)
    for (let at = 0; at < numKeys; at++) {
      const v = value(blockTable[Math.floor(at / BLOCK_LEN)], at % BLOCK_LEN, kvHead)
      for (let d = 0; d < headDim; d++) out[head * headDim + d] += (weights[at] / sum) * v[d]
    }
  }
  return out
}
