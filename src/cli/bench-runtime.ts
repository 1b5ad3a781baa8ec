import type { Setting } from '../bench/setting'
import { runTask, type Task, type TaskReport } from '../bench/task'
import { openDawn } from './open-dawn'

/** Where a benchmark's tasks run, one after another. */
export interface BenchRuntime {
  /** With its version. */
  readonly description: string
  run(task: Task): Promise<TaskReport>
}

export type WithBenchRuntime = <T>(setting: Setting, use: (runtime: BenchRuntime) => Promise<T>) => Promise<T>

/** In this process, on Dawn. */
export function inNode(toggles: readonly string[]): WithBenchRuntime {
  return async (setting, use) => {
    const gpu = await openDawn(toggles)
    const switched = toggles.length > 0 ? `, toggles ${toggles.join(', ')}` : ''
    return use({
      description: `Node ${process.versions.node} with Dawn${switched}`,
      run: task => runTask(task, { ...setting, engine: { ...setting.engine, gpu } }),
    })
  }
}
