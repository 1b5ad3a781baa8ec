import { type DecodeReport, runDecode } from './run-decode'
import { runWorkload, type Workload } from './run-workload'
import type { Setting } from './setting'
import type { WorkloadReport } from './workload-report'

/** A part of a benchmark that is measured in one go. */
export type Task = Workload | { readonly kind: 'decode'; readonly name: 'decode' }

export type TaskReport = WorkloadReport | DecodeReport

/** Measures in this process, or this page. @throws the engine's errors, and if an answer is wrong */
export function runTask(task: Task, setting: Setting): Promise<TaskReport> {
  return task.kind === 'decode' ? runDecode(setting) : runWorkload(task, setting)
}
