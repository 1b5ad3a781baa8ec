import { InvalidRequest } from '../core/errors'
import { shown } from '../core/shown'
import type { GenerateOptions } from './interface'

const PRIORITIES: Readonly<Record<string, number>> = { batch: 0, interactive: 1 }

/** The options of a call: checked, and with a number for its priority. */
export interface CallSettings extends GenerateOptions {
  readonly priority: number
}

/** @throws InvalidRequest for options of the wrong kind */
export function completeCallOptions(options: GenerateOptions): CallSettings {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidRequest(`The options of a call are ${String(options)}, but must be an object like { signal }.`)
  }
  const { signal, onText, priority = 'batch' } = options
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && 'aborted' in signal)) {
    throw new InvalidRequest(`signal is ${String(signal)}, but must be an AbortSignal.`)
  }
  if (onText !== undefined && typeof onText !== 'function') {
    throw new InvalidRequest(`onText is ${shown(onText)}, but must be a function.`)
  }
  const number = typeof priority === 'string' ? PRIORITIES[priority] : priority
  if (!Number.isFinite(number)) {
    throw new InvalidRequest(`priority is ${shown(priority)}, but must be a number, 'interactive' or 'batch'.`)
  }
  return { signal, onText, priority: number }
}
