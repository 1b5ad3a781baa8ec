import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { pause } from '../../../core/pause'
import { Watching } from '../../../engine/watching'
import { createEngine, type Engine, type EngineListener, type EngineStats } from '../../../index'
import { EngineState } from '../../../watch'
import { seededModel } from '../../common/cli/seeded-model'
import { type Figure, figure } from '../../common/figure'
import { type NullGpuOptions, nullGpu } from '../../common/null-gpu'
import { plotSvg } from '../../common/plot'
import { count, table } from '../../common/table'
import { callsInChrome } from './calls-in-chrome'
import { callsInNode } from './calls-in-node'

const BATCHES = [1, 16, 64, 256]
const PREFIXES = [0, 512]
/** Steps before the first that counts; as many are timed, and as many more watched for what they allocate. */
const STEPS = 400
const PHASES = ['schedule', 'plan', 'encode', 'submit', 'account', 'deliver'] as const
const STEP_COLUMNS = [...PHASES.map(phase => `${phase}, µs`), 'together, µs', 'garbage, bytes', 'upload, bytes']
const JOBS = [10, 100, 1000, 10_000, 100_000]
const MODEL = 'public/models/sprout'
const OUT = '.artifacts/bench-cpu'

/**
 * Measures the CPU's part in a decode step, in taking in a call of many prompts, and in planning a job: in Node, on a GPU that
 * does nothing. With `--calls` the second alone, with `--chrome` that in a page of headless Chrome.
 */
export async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--watch')) {
    console.log(await watchTable())
    return 0
  }
  if (args.length > 0) {
    console.log(await (args.includes('--chrome') ? callsInChrome : callsInNode)(MODEL))
    return 0
  }
  console.log(`${cpus()[0].model}, Node ${process.versions.node}; medians\n`)
  const steps: string[][] = []
  for (const prefix of PREFIXES) for (const batch of BATCHES) steps.push(await stepRow(batch, prefix))
  console.log(`${table(['decodes, prefix', ...STEP_COLUMNS], steps)}\n`)
  console.log(`${await watchTable()}\n`)
  console.log(`${await callsInNode(MODEL)}\n`)
  const plans = await measurePlans()
  console.log(table(['prompts of 30 tokens', 'plan, ms', 'ns / (n log n)'], plans.map(planRow)))
  await mkdir(OUT, { recursive: true })
  await writeFile(`${OUT}/planning.svg`, planPlot(plans))
  console.log(`${OUT}/planning.svg`)
  return 0
}

/** The time that watching adds to a step: between its last token and the next step's decision. */
async function watchTable(): Promise<string> {
  const { step } = Watching.prototype
  let times: number[] = []
  Watching.prototype.step = function (batch, number) {
    const began = performance.now()
    step.call(this, batch, number)
    times.push(1000 * (performance.now() - began))
  }
  const rows: string[][] = []
  for (const [name, listener] of Object.entries(LISTENERS)) {
    times = []
    const row = await stepRow(256, 512, listener)
    rows.push([name, listener ? median(times.slice(STEPS)).toFixed(1) : '–', ...row.slice(1 + PHASES.length, -1)])
  }
  Watching.prototype.step = step
  return table(['256 decodes, watched by', 'watching, µs', 'the rest of the step, µs', 'garbage, bytes'], rows)
}

/** Who watches the engine; in a worker, messages with events go over a port, the next when the one before is answered. */
const LISTENERS: Readonly<Record<string, (() => EngineListener) | undefined>> = {
  'no one': undefined,
  'who does nothing': () => () => undefined,
  'a state': () => {
    const state = new EngineState()
    return events => void state.apply(events)
  },
  'a page, from a worker': () => {
    const { port1, port2 } = new MessageChannel()
    port2.onmessage = () => port2.postMessage(undefined)
    let heard = () => undefined as unknown
    port1.onmessage = () => heard()
    // so that the process can end
    for (const port of [port1, port2] as unknown as { unref(): void }[]) port.unref()
    return events => {
      port1.postMessage(events)
      return new Promise(resolve => {
        heard = resolve
      })
    }
  },
}

/** A step of `batch` sequences of 400 to 900 tokens after a prefix that all share. */
async function stepRow(batch: number, prefix: number, listener?: () => EngineListener): Promise<string[]> {
  const promised: Promise<EngineStats>[] = []
  const heap: number[] = []
  let engine: Engine | undefined
  let numSteps = 0
  const onSubmit = () => {
    numSteps += 1
    if (!engine || numSteps < STEPS) return
    if (numSteps < 2 * STEPS) promised.push(engine.stats())
    else heap.push(getHeapStatistics().used_heap_size)
  }
  engine = await open(onSubmit, { mapAsync: pause })
  if (listener) engine.watch(listener())
  const prompts = Array.from({ length: batch }, (_, index) => [
    ...tokens(prefix, 0),
    ...tokens(16 + ((index * 37) % 100), index),
  ])
  const results = await engine.generate(prompts, { maxTokens: 3 * STEPS, ignoreEos: true }).all()
  engine.dispose()
  const failed = results.find(({ error }) => error)
  if (failed) throw new Error(`Prompt ${failed.index} of ${batch} failed.`, { cause: failed.error })
  const seen = await Promise.all(promised)
  const each = PHASES.map(phase => 1000 * median(differences(seen.map(({ stepTimes }) => stepTimes[phase]))))
  const upload = median(differences(seen.map(({ uploadedBytes }) => uploadedBytes)))
  const together = each.reduce((sum, us) => sum + us, 0)
  const figures = [...each, together].map(us => us.toFixed(us < 10 ? 1 : 0))
  return [`${batch}, ${prefix}`, ...figures, count(median(differences(heap))), count(upload)]
}

interface MeasuredPlan {
  readonly prompts: number
  readonly ms: Figure
}

/** Prompts in groups of 16 that share 20 tokens, three times. */
async function measurePlans(): Promise<MeasuredPlan[]> {
  const engine = await open(() => undefined)
  const plans: MeasuredPlan[] = []
  for (const size of JOBS) {
    const prompts = Array.from({ length: size }, (_, index) => [...tokens(20, index >> 4), ...tokens(10, size + index)])
    const times: number[] = []
    while (times.length < 3) {
      const began = performance.now()
      await engine.plan(prompts, { maxTokens: 100 })
      times.push(performance.now() - began)
    }
    plans.push({ prompts: size, ms: figure(times) })
  }
  engine.dispose()
  return plans
}

/** By the fastest: whatever else runs meanwhile can only add to it. */
function planRow({ prompts, ms: { min } }: MeasuredPlan): string[] {
  return [count(prompts), min.toFixed(min < 10 ? 2 : 0), count((min * 1e6) / comparisons(prompts))]
}

/** Beside n log n through the last point. */
function planPlot(plans: readonly MeasuredPlan[]): string {
  const last = plans[plans.length - 1]
  const factor = last.ms.median / comparisons(last.prompts)
  return plotSvg({
    title: 'Planning a call',
    xLabel: 'prompts',
    yLabel: 'milliseconds',
    isLogY: true,
    series: [
      { name: 'measured', points: plans.map(({ prompts, ms }) => ({ x: prompts, y: ms })) },
      {
        name: 'n log n through the last',
        isBound: true,
        points: plans.map(({ prompts }) => ({ x: prompts, y: figure([factor * comparisons(prompts)]) })),
      },
    ],
  })
}

function comparisons(prompts: number): number {
  return prompts * Math.log2(prompts)
}

function open(onSubmit: () => void, gpu?: NullGpuOptions): Promise<Engine> {
  const options = { contextLength: 4096, blocks: 2 ** 15, cache: false } as const
  return createEngine(seededModel('bench-thin'), { ...options, gpu: nullGpu(onSubmit, gpu), study: { tuning: false } })
}

/** A text of its own for each `seed`. */
function tokens(length: number, seed: number): number[] {
  return Array.from({ length }, (_, index) => 300 + ((seed * 7919 + (index + 1) * (seed + 13)) % 3700))
}

function differences(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => value - values[index])
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
