import { openEngine } from '../../engine/open/create-engine'
import { completeOptions } from '../../engine/options'
import type { Engine } from '../../index'
import { capacity } from '../common/capacity'
import { measureDecode, measureRun, type Run } from '../common/measure-run'
import type { Setting } from '../common/setting'
import { type Shape, warmUp } from '../common/shapes'
import { CONFIGURATIONS, type ConfigurationName } from './configurations'
import { checkAgreement } from './outcome'
import { summarise, type WorkloadReport } from './workload-report'

export interface Workload {
  readonly name: string
  readonly shape: Shape
  readonly configurations: readonly ConfigurationName[]
}

/**
 * Runs a workload under every configuration, an engine each, in turn, with another one first in every round. All see the
 * same prompts, new ones in every round since engines remember.
 * @throws if a prompt failed, or if configurations that should answer alike do not
 */
export async function runWorkload(workload: Workload, setting: Setting): Promise<WorkloadReport> {
  const { shape, configurations } = workload
  const { contextLength, blocks } = capacity(shape)
  const measure = shape.timing === 'decode' ? measureDecode : measureRun
  const engines = new Map<ConfigurationName, Engine>()
  try {
    for (const name of configurations) {
      const { engine: given, model } = setting
      const settings = completeOptions({
        frameMs: Number.POSITIVE_INFINITY,
        ...given,
        contextLength,
        blocks: given.blocks ?? blocks,
      })
      engines.set(name, await openEngine(model, { ...settings, ...CONFIGURATIONS[name] }))
    }
    const runs = new Map(configurations.map((name): [ConfigurationName, Run[]] => [name, []]))
    // drivers compile kernels when they are first used
    for (const engine of engines.values()) await measureRun(engine, warmUp(shape), 0)
    for (let round = 1; round <= setting.rounds; round++) {
      const latest = new Map<ConfigurationName, Run>()
      for (const [name, engine] of rotated([...engines], round)) latest.set(name, await measure(engine, shape, round))
      checkAgreement(latest)
      for (const [name, run] of latest) runs.get(name)?.push(run)
    }
    const [engine] = engines.values()
    return await summarise(workload, engine, runs)
  } finally {
    for (const engine of engines.values()) engine.dispose()
  }
}

function rotated<T>(items: readonly T[], by: number): T[] {
  return items.map((_, index) => items[(index + by) % items.length])
}
