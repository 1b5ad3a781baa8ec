import type { Setting } from '../common/setting'
import type { Ceilings } from '../kernels/ceilings'
import { deviceCeilings } from '../kernels/device-ceilings'
import { type DecodeReport, type DecodeTask, runDecode } from './decode'
import { type LatencyReport, type LatencyTask, runLatency } from './latency'
import { type PrefillReport, type PrefillTask, runPrefill } from './prefill'

export interface CeilingsTask {
  readonly kind: 'ceilings'
}

export interface CeilingsReport extends CeilingsTask {
  readonly adapter: string
  readonly ceilings: Ceilings
}

/** A task that is measured in one go: plain data, as is its report. */
export type EngineTask = CeilingsTask | LatencyTask | DecodeTask | PrefillTask

export type EngineTaskReport = CeilingsReport | LatencyReport | DecodeReport | PrefillReport

/** Runs a task in this process, or this page. @throws the engine's errors */
export async function runEngineTask(task: EngineTask, setting: Setting): Promise<EngineTaskReport> {
  switch (task.kind) {
    case 'ceilings':
      return { kind: 'ceilings', ...(await deviceCeilings(setting.engine.gpu)) }
    case 'latency':
      return runLatency(task, setting)
    case 'decode':
      return runDecode(task, setting)
    case 'prefill':
      return runPrefill(task, setting)
  }
}
