import { InvalidRequest } from '../core/errors'
import { PRIORITIES, type Priority } from '../core/priority'
import { shown } from '../core/shown'
import { WINDOW_ROWS } from './answer-rows'
import type { DurableProgress } from './progress'

export interface WatchOptions {
  /** Called when answers are on disk, and when the state changes. */
  readonly onProgress?: (progress: DurableProgress) => void
}

export interface RunOptions extends WatchOptions {
  /** The class of the job's calls; default background. */
  readonly priority?: Priority
  /** Rows that are planned together, and in memory; default 4096. */
  readonly windowRows?: number
}

/** The options of `start` or `open`, with their defaults. @throws InvalidRequest for one that is unknown or wrong */
export function runOptions(name: string, options: RunOptions): Required<RunOptions> {
  checkNames(name, options, ['onProgress', 'priority', 'windowRows', ...(name === 'start' ? ['id', 'maxTokens'] : [])])
  const { onProgress = () => undefined, priority = 'background', windowRows = WINDOW_ROWS } = options
  if (typeof onProgress !== 'function') {
    throw new InvalidRequest(`onProgress is ${shown(onProgress)}, but must be a function.`)
  }
  if (!PRIORITIES.includes(priority)) {
    throw new InvalidRequest(`priority is ${shown(priority)}, but must be one of ${PRIORITIES.join(', ')}.`)
  }
  if (!Number.isInteger(windowRows) || windowRows < 1) {
    throw new InvalidRequest(`windowRows is ${shown(windowRows)}, but must be an integer of at least 1.`)
  }
  return { onProgress, priority, windowRows }
}

/** @throws InvalidRequest for what are no options, or unknown ones */
export function checkNames(name: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidRequest(`The options of ${name} are ${shown(options)}, but must be an object.`)
  }
  const unknown = Object.keys(options).filter(each => !known.includes(each))
  if (unknown.length > 0) {
    throw new InvalidRequest(`Unknown option ${unknown.join(', ')} of ${name}. Known are ${known.join(', ')}.`)
  }
}
