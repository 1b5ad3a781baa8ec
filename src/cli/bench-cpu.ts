import { getHeapStatistics } from 'node:v8'
import { nullGpu } from '../bench/null-gpu'
import { createEngine, type Engine, type EngineStats } from '../index'
import { seededModel } from './bench-model'

const PHASES = ['schedule', 'plan', 'encode', 'submit', 'account'] as const
const WARM_UP_STEPS = 400
const STEPS = 400

export async function main(): Promise<number> {
  for (const prefix of [0, 512]) {
    for (const batch of [1, 16, 64, 256]) {
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
  let before: EngineStats | undefined
  let after: EngineStats | undefined
  let used = 0
  let allocated = 0
  let engine: Engine | undefined
  const gpu = nullGpu(() => {
    submits++
    if (submits === start) before = engine?.stats()
    if (submits === start + STEPS) after = engine?.stats()
    if (submits < start + STEPS) return
    const { used_heap_size } = getHeapStatistics()
    if (used > 0) allocated += Math.max(0, used_heap_size - used)
    used = getHeapStatistics().used_heap_size
  })
  const start = WARM_UP_STEPS
  engine = await createEngine(seededModel('bench-thin'), { gpu, contextLength: 4096, blocks: 256 * 128, cache: false })
  const common = Array.from({ length: prefix }, (_, i) => 300 + (i % 1000))
  const prompts = Array.from({ length: batch }, (_, i) => [
    ...common,
    ...Array.from({ length: 16 + ((i * 37) % 100) }, (_, j) => 300 + ((i * 31 + j * 7) % 3000)),
  ])
  await engine.generate(prompts, { maxTokens: WARM_UP_STEPS + 2 * STEPS + 50, ignoreEos: true }).all()
  engine.dispose()
  if (!before || !after) throw new Error('too few steps')
  const [first, last] = [before.stepTimes, after.stepTimes]
  const us = Object.fromEntries(PHASES.map(phase => [phase, ((last[phase] - first[phase]) / STEPS) * 1000]))
  return { us, bytes: allocated / STEPS }
}
