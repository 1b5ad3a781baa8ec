import { getHeapStatistics } from 'node:v8'
import { nullGpu } from '../bench/null-gpu'
import { createEngine, type Engine, type EngineStats } from '../index'
import { seededModel } from './bench-model'

const PHASES = ['schedule', 'plan', 'encode', 'submit', 'account'] as const
const WARM_UP_STEPS = 400
const STEPS = 400

export async function main(): Promise<number> {
  for (const prefix of process.env.PREFIX ? [Number(process.env.PREFIX)] : [0, 512]) {
    for (const batch of process.env.BATCH ? [Number(process.env.BATCH)] : [1, 16, 64, 256]) {
      const { us, bytes } = await measure(batch, prefix)
      const total = PHASES.reduce((sum, phase) => sum + us[phase], 0)
      const cells = PHASES.map(phase => `${phase} ${us[phase].toFixed(1)}`).join('  ')
      console.log(`${batch} of ${prefix}: ${cells}  total ${total.toFixed(1)} µs, ${bytes.toFixed(0)} B/step`)
    }
  }
  return 0
}

async function measure(batch: number, prefix: number) {
  let submits = 0
  const times: EngineStats['stepTimes'][] = []
  let used = 0
  const allocated: number[] = []
  let engine: Engine | undefined
  const gpu = nullGpu(() => {
    submits++
    if (submits < WARM_UP_STEPS || submits > WARM_UP_STEPS + 2 * STEPS || !engine) return
    if (submits < WARM_UP_STEPS + STEPS) {
      times.push(engine.stats().stepTimes)
      return
    }
    const { used_heap_size } = getHeapStatistics()
    if (used > 0) allocated.push(used_heap_size - used)
    used = getHeapStatistics().used_heap_size
  })
  engine = await createEngine(seededModel('bench-thin'), { gpu, contextLength: 4096, blocks: 256 * 128, cache: false })
  const common = Array.from({ length: prefix }, (_, i) => 300 + (i % 1000))
  const prompts = Array.from({ length: batch }, (_, i) => [
    ...common,
    ...Array.from({ length: 16 + ((i * 37) % 100) }, (_, j) => 300 + ((i * 31 + j * 7) % 3000)),
  ])
  await engine.generate(prompts, { maxTokens: WARM_UP_STEPS + 2 * STEPS + 50, ignoreEos: true }).all()
  engine.dispose()
  const us = Object.fromEntries(
    PHASES.map(phase => [phase, 1000 * median(times.slice(1).map((time, i) => time[phase] - times[i][phase]))]),
  )
  return { us, bytes: median(allocated) }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
