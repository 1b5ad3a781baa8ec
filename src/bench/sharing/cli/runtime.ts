import { openDawn } from '../../../cli/open-dawn'
import type { Setting } from '../../common/setting'
import { runWorkload, type Workload } from '../run-workload'
import type { WorkloadReport } from '../workload-report'

/** A place where workloads run, one after another. */
export interface BenchRuntime {
  /** Name of what gives WebGPU, with its version. */
  readonly description: string
  run(workload: Workload): Promise<WorkloadReport>
}

export type WithBenchRuntime = <T>(setting: Setting, use: (runtime: BenchRuntime) => Promise<T>) => Promise<T>

/** A runtime in this process, on Dawn. */
export function inNode(toggles: readonly string[]): WithBenchRuntime {
  return async (setting, use) => {
    const gpu = await openDawn(toggles)
    const switched = toggles.length > 0 ? `, toggles ${toggles.join(', ')}` : ''
    return use({
      description: `Node ${process.versions.node} with Dawn${switched}`,
      run: workload => runWorkload(workload, { ...setting, engine: { ...setting.engine, gpu } }),
    })
  }
}
