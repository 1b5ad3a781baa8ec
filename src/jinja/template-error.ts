/**
 * The reason why a template gives no text. `syntax`: it is not Jinja. `unsupported`: it asks for what is not there here.
 * `limit`: it asks for more than a template may. `runtime`: it fails on these variables, or refuses them itself.
 */
export type FailureKind = 'syntax' | 'unsupported' | 'limit' | 'runtime'

export class TemplateError extends Error {
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** The error for what Python would raise while it renders: a TypeError, a ValueError, an UndefinedError, … */
export const failure = (message: string) => new TemplateError('runtime', message)

export const unsupported = (message: string) => new TemplateError('unsupported', message)

/** Runs `work`; nesting that is deeper than the stack is a limit like the others, wherever it is met. */
export function withinStack<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new TemplateError('limit', 'It nests or recurses too deeply.', { cause })
  }
}
