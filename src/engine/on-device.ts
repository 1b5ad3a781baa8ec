import type { KvFormat } from '../core/kv-format'
import type { SchedulerOptions } from '../scheduler/interface'
import type { JobSettings } from './job'
import type { WeightKind } from './open/weight-report'
import type { MemoryPlan } from './plan/memory-plan'
import type { EarlierPlan } from './plan/plan-engine'
import type { Runner } from './runner'

/** The part of an engine that goes with its device: when that is lost, another takes its place. */
export interface OnDevice {
  readonly runner: Pick<Runner, 'lost' | 'run' | 'stats' | 'kernelTimes' | 'dispose'>
  readonly memory: MemoryPlan
  readonly kvFormat: KvFormat
  /** The choices made where an option was `auto`, and why; for people. */
  readonly decisions: readonly string[]
  readonly weights: readonly WeightKind[]
  readonly jobs: JobSettings
  readonly scheduling: SchedulerOptions
}

/** Opens a device and loads the model onto it. `earlier`: what the one had in whose place it is. */
export type OpenDevice = (signal?: AbortSignal, earlier?: EarlierPlan) => Promise<OnDevice>
