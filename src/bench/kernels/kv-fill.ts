import { BLOCK_LEN } from '../../core/block'
import type { KvFormat } from '../../core/kv-format'
import { createKvCache, type KvLayer } from '../../kernels/kv-cache'
import { ropeAppend } from '../../kernels/rope-append'
import type { Fixture } from './fixture'
import { type ModelShape, qkvRows } from './models'
import { randomFloats } from './random'
import { roundedToInt8 } from './rounding'

/** Number of blocks with different contents, which repeat: none by which kernels cut anything. */
const PERIOD = 37

/** Number of dispatches whose lists fit a step's arena together. */
const APPENDS_PER_STEP = 256

/** KV caches in which blocks b and b + 37 hold the same, and their content. */
export interface FilledCache {
  /** Copies with the same content. */
  readonly layers: readonly KvLayer[]
  /** A key of the cache as the format keeps it, [headDim]. */
  key(block: number, offset: number, kvHead: number): Float32Array
  value(block: number, offset: number, kvHead: number): Float32Array
}

/** Appends random K and V to all blocks with the engine's own kernel, once it has compiled. */
export async function fillCache(
  fixture: Fixture,
  model: ModelShape,
  format: KvFormat,
  numBlocks: number,
  copies: number,
): Promise<FilledCache> {
  const { numHeads, numKvHeads, headDim } = model
  const numTokens = PERIOD * BLOCK_LEN
  const qkvStride = qkvRows(model)
  const kOffset = numHeads * headDim
  const vOffset = kOffset + numKvHeads * headDim
  const source = gridValues(numTokens * qkvStride, numBlocks)
  const qkv = fixture.upload(source)
  const q = fixture.output(numTokens * kOffset)
  const { layers } = createKvCache(fixture, { format, numKvHeads, headDim, numBlocks, numLayers: copies })
  const appends = layers.map(layer => {
    return ropeAppend(fixture, model, { qkvStride, kOffset, vOffset }, { rotaryDim: 0 }, { qkv, q, ...layer })
  })
  await fixture.gpu.settled()
  const { step } = fixture
  let pending = 0
  for (let first = 0; first < numBlocks * BLOCK_LEN; first += numTokens) {
    const count = Math.min(numTokens, numBlocks * BLOCK_LEN - first)
    const slots = Array.from({ length: count }, (_, token) => first + token)
    const list = step.push(slots)
    for (const append of appends) append({ numTokens: count, firstPosition: list, firstDestination: list })
    pending += 1
    if (pending % APPENDS_PER_STEP === 0) step.submit()
  }
  step.submit()
  const kept = format === 'int8' ? roundedToInt8(source, headDim) : source
  const head = (block: number, offset: number, start: number) => {
    const at = ((block % PERIOD) * BLOCK_LEN + offset) * qkvStride + start
    return kept.subarray(at, at + headDim)
  }
  return {
    layers,
    key: (block, offset, kvHead) => head(block, offset, kOffset + kvHead * headDim),
    value: (block, offset, kvHead) => head(block, offset, vOffset + kvHead * headDim),
  }
}

/**
 * Random eighths in [-1, 1), which all formats but int8 keep as they are, and int8 never halfway between two codes: so no
 * device may round them in two ways. Each group of 32 that int4 rounds together has the lowest and the highest.
 */
function gridValues(length: number, seed: number): Float32Array<ArrayBuffer> {
  return randomFloats(length, seed).map((value, i) => {
    if (i % 32 < 2) return i % 32 === 0 ? -1 : 7 / 8
    const eighth = Math.floor(value * 8) / 8
    return Math.abs(eighth) === 1 / 2 ? eighth * 1.25 : eighth
  })
}
