import { expect, it } from 'vitest'
import { createEngine, type EngineStats } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

/** What a step of decodes dispatches if nothing is shared and no context is longer than a segment: in a layer, and besides. */
const DISPATCHES = { perLayer: 6, besides: 6 }
/** Of a step's upload: parameter blocks and alignment; and lists, for each sequence of up to 128 tokens. */
const UPLOAD_BYTES = { params: 4096, perSequence: 136 }

const COUNTS = ['dispatches', 'passes', 'submits', 'uploads', 'buffers', 'bindGroups', 'pipelines'] as const

type Counts = Record<(typeof COUNTS)[number], number>

interface Step {
  /** By the engine's stats. */
  readonly stats: Counts & Pick<EngineStats, 'uploadedBytes' | 'readBytes'>
  /** What its device was asked for. */
  readonly calls: Counts
}

/** The steps of a run in which `numSequences` decode 40 tokens each. */
async function decode(numSequences: number, numLayers: number): Promise<Step[]> {
  const device = await sharedDevice()
  const { calls, unwatch } = watch(device)
  const source = seededModel({ ...TINY, num_hidden_layers: numLayers }, TINY_SEED)
  // a page that is seen would have steps in parts where they take long
  const frameMs = Number.POSITIVE_INFINITY
  const engine = await createEngine(source, { blocks: 128, contextLength: 128, frameMs, device })
  const seen: { readonly stats: Promise<EngineStats>; readonly calls: Counts }[] = []
  const unwatchSubmits = count(device.queue, 'submit', () => {
    calls.submits += 1
    seen.push({ stats: engine.stats(), calls: { ...calls } })
  })
  const prompts = Array.from({ length: numSequences }, (_, index) => Array(1 + index).fill(1 + index))
  await engine.generate(prompts, { maxTokens: 40, ignoreEos: true }).all()
  engine.dispose()
  unwatch()
  unwatchSubmits()
  const steps: Step[] = await Promise.all(seen.map(async ({ stats, calls }) => ({ stats: await stats, calls })))
  return steps.slice(1).map(({ stats, calls }, index) => {
    const before = steps[index]
    return { stats: difference(stats, before.stats), calls: difference(calls, before.calls) }
  })
}

/** Counts the calls of a device, but for submits. A dispatch that takes its size from the GPU throws. */
function watch(device: GPUDevice): { readonly calls: Counts; unwatch(): void } {
  const calls = Object.fromEntries(COUNTS.map(name => [name, 0])) as Counts
  const watched = [
    count(device, 'createBuffer', () => calls.buffers++),
    count(device, 'createBindGroup', () => calls.bindGroups++),
    count(device, 'createComputePipeline', () => calls.pipelines++),
    count(device, 'createComputePipelineAsync', () => calls.pipelines++),
    count(device.queue, 'writeBuffer', () => calls.uploads++),
    count(device, 'createCommandEncoder', encoder => {
      count(encoder, 'beginComputePass', pass => {
        calls.passes++
        count(pass, 'dispatchWorkgroups', () => calls.dispatches++)
        pass.dispatchWorkgroupsIndirect = () => {
          throw new Error('an indirect dispatch makes the GPU wait, and Chrome validate it')
        }
      })
    }),
  ]
  const unwatch = () => {
    for (const end of watched) end()
  }
  return { calls, unwatch }
}

/** Calls `then` with the result whenever a method has returned. Returns what ends that. */
function count<T extends object, K extends keyof T>(
  target: T,
  method: K,
  then: (result: T[K] extends (...args: never[]) => infer R ? R : never) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(target, method)
  const original = target[method]
  if (typeof original !== 'function') throw new Error(`no method ${String(method)}`)
  const replacement = (...args: unknown[]) => {
    const result = original.apply(target, args)
    then(result)
    return result
  }
  Object.defineProperty(target, method, { value: replacement, configurable: true })
  return () => {
    if (own) Object.defineProperty(target, method, own)
    else delete target[method]
  }
}

function difference<T extends object>(later: T, earlier: T): T {
  const entries = Object.entries(later).map(([name, value]) => {
    return [name, Number(value) - Number(earlier[name as keyof T])]
  })
  return Object.fromEntries(entries) as T
}

it.each([
  [1, 2],
  [1, 3],
  [16, 2],
])(
  'a step of %i decodes over %i layers is one pass, one upload and one submit, and makes nothing',
  async (size, layers) => {
    const steps = await decode(size, layers)
    const dispatches = DISPATCHES.perLayer * layers + DISPATCHES.besides
    const expected = { dispatches, passes: 1, submits: 1, uploads: 1, buffers: 0, bindGroups: 0, pipelines: 0 }
    for (const { stats, calls } of steps.slice(4)) {
      expect(calls).toEqual(expected)
      expect(stats).toMatchObject(expected)
      expect(stats.uploadedBytes).toBeLessThanOrEqual(UPLOAD_BYTES.params + size * UPLOAD_BYTES.perSequence)
    }
    expect(steps.length).toBeGreaterThan(35)
    // a token, and where its log-probability would be
    const readBytes = steps.reduce((sum, { stats }) => sum + stats.readBytes, 0)
    expect(readBytes).toBeLessThanOrEqual(steps.length * size * 8)
  },
)
