import { nullGpu } from '../../bench/common/null-gpu'

/** Milliseconds of a step: long enough that a job can be killed in the middle. */
const STEP_MS = 15

/** A GPU that computes nothing, and takes its time. */
export function slowNullGpu(lost?: Promise<unknown>): GPU {
  const mapAsync = () => new Promise<void>(resolve => setTimeout(resolve, STEP_MS))
  return nullGpu(() => undefined, { mapAsync, lost })
}
