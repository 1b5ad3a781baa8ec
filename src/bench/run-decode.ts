import { createEngine, type Engine } from '../index'
import { type Figure, figure } from './figure'
import { measureDecode, measureRun } from './measure-run'
import type { Setting } from './setting'
import type { TreeShape } from './shapes'
import { type Parameters, parameters } from './work'

/** The first token of one prompt, and decoding of several short ones together, with no sharing at all. */
export interface DecodeReport {
  readonly kind: 'decode'
  readonly adapter: string
  readonly parameters: Parameters
  readonly weightBytes: number
  readonly loadMs: number
  readonly promptTokens: number
  readonly firstTokenMs: Figure
  /** Generated tokens per second, first token not counted, by sequences that decode together. */
  readonly decode: readonly { readonly batch: number; readonly tokensPerSecond: Figure }[]
  readonly dispatchesPerStep: number
}

const PROMPT = 256
const BATCHES = [1, 4, 16, 64]
/** Of the sequences that decode together; short, so that attention is small beside the matrices. */
const SHORT_PROMPT = 16
const NEW_TOKENS = 32

const FIRST = unshared(1, PROMPT, 1)
const TOGETHER = BATCHES.map(batch => unshared(batch, SHORT_PROMPT, NEW_TOKENS))

/** The runs of a round follow each other, so that ratios are of one time. */
export async function runDecode({ model, engine: options, rounds }: Setting): Promise<DecodeReport> {
  const began = performance.now()
  const engine = await createEngine(model, { contextLength: PROMPT + NEW_TOKENS, ...options, sharing: 'off' })
  const loadMs = performance.now() - began
  try {
    const firstTokenMs: number[] = []
    const decode = BATCHES.map((): number[] => [])
    // round 0 warms up: drivers compile kernels when they are first used
    for (let round = 0; round <= rounds; round++) {
      const first = await measureRun(engine, FIRST, round)
      if (round > 0) firstTokenMs.push(first.ms)
      for (const [index, shape] of TOGETHER.entries()) {
        const { ms, counts } = await measureDecode(engine, shape, round)
        if (round > 0) decode[index].push((1000 * counts.generated) / ms)
      }
    }
    return report(engine, loadMs, firstTokenMs, decode)
  } finally {
    engine.dispose()
  }
}

function report(
  engine: Engine,
  loadMs: number,
  firstTokenMs: readonly number[],
  decode: readonly number[][],
): DecodeReport {
  const { adapter, dispatches, steps } = engine.stats()
  return {
    kind: 'decode',
    adapter,
    parameters: parameters(engine.config),
    weightBytes: engine.memory.weightBytes,
    loadMs,
    promptTokens: PROMPT,
    firstTokenMs: figure(firstTokenMs),
    decode: BATCHES.map((batch, index) => ({ batch, tokensPerSecond: figure(decode[index]) })),
    dispatchesPerStep: dispatches / steps,
  }
}

function unshared(batch: number, tokens: number, out: number): TreeShape {
  return { kind: 'tree', levels: [{ fanout: batch, tokens }], out, timing: 'whole' }
}
