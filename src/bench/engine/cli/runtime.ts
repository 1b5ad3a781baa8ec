import { openDawn } from '../../../cli/open-dawn'
import type { Setting } from '../../common/setting'
import { type EngineTask, type EngineTaskReport, runEngineTask } from '../task'

/** A place where tasks run, one after another. */
export interface EngineRuntime {
  /** Name of what gives WebGPU, with its version. */
  readonly description: string
  run(task: EngineTask, setting: Setting): Promise<EngineTaskReport>
}

export type WithEngineRuntime = <T>(use: (runtime: EngineRuntime) => Promise<T>) => Promise<T>

/** A runtime in this process, on Dawn. */
export function engineInNode(toggles: readonly string[]): WithEngineRuntime {
  return async use => {
    const gpu = await openDawn(toggles)
    const switched = toggles.length > 0 ? `, toggles ${toggles.join(', ')}` : ''
    return use({
      description: `Node ${process.versions.node} with Dawn${switched}`,
      run: (task, setting) => runEngineTask(task, { ...setting, engine: { ...setting.engine, gpu } }),
    })
  }
}
