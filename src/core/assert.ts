/** Thrown when the code contradicts itself: always a bug in Coppice, never the user's input. */
export class InvariantViolation extends Error {
  override name = 'InvariantViolation'
}

/**
 * Checks a law that the code itself must keep. User input gets a typed error instead (errors.ts).
 * `message`: within loops a function, since to write the text would take longer than to check.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantViolation(typeof message === 'string' ? message : message())
}
