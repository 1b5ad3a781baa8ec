import { openDawn } from '../../../cli/open-dawn'
import { type KernelEvents, type KernelRun, type KernelTask, runKernels } from '../run'

/** Measures somewhere, and gives the name of what gave WebGPU there, with its version. */
export type KernelRuntime = (
  task: KernelTask,
  events: KernelEvents,
) => Promise<{ readonly run: KernelRun; readonly description: string }>

/** A runtime in this process, on Dawn. */
export function kernelsInNode(toggles: readonly string[]): KernelRuntime {
  return async (task, events) => {
    const run = await runKernels(task, events, await openDawn(toggles))
    const switched = toggles.length > 0 ? `, toggles ${toggles.join(', ')}` : ''
    return { run, description: `Node ${process.versions.node} with Dawn${switched}` }
  }
}
