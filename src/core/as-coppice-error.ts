import { CoppiceError } from './errors'

/** The error itself, if it is one of ours; else one that has it as its cause. */
export function asCoppiceError(error: unknown): CoppiceError {
  return error instanceof CoppiceError
    ? error
    : new CoppiceError(`The engine failed: ${String(error)}`, { cause: error })
}
