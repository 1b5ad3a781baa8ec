import { InvalidRequest } from '../core/errors'
import { PRIORITIES, type Priority } from '../core/priority'
import { shown } from '../core/shown'
import type { GenerateOptions } from './interface'

/** The options of a call: checked, and with its class. */
export interface CallSettings extends GenerateOptions {
  readonly priority: Priority
}

/** @throws InvalidRequest for options of the wrong kind */
export function completeCallOptions(options: GenerateOptions, defaultPriority: Priority = 'normal'): CallSettings {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidRequest(`The options of a call are ${String(options)}, but must be an object like { signal }.`)
  }
  const { signal, onText, onProgress, priority = defaultPriority } = options
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && 'aborted' in signal)) {
    throw new InvalidRequest(`signal is ${String(signal)}, but must be an AbortSignal.`)
  }
  for (const [name, callback] of Object.entries({ onText, onProgress })) {
    if (callback === undefined || typeof callback === 'function') continue
    throw new InvalidRequest(`${name} is ${shown(callback)}, but must be a function.`)
  }
  if (!PRIORITIES.includes(priority)) {
    throw new InvalidRequest(`priority is ${shown(priority)}, but must be one of ${PRIORITIES.join(', ')}.`)
  }
  return { signal, onText, onProgress, priority }
}

/** @throws InvalidRequest for what is no function */
export function checkListener(listener: unknown): void {
  if (typeof listener === 'function') return
  throw new InvalidRequest(`The listener is ${shown(listener)}, but must be a function.`)
}
