import * as errors from './errors'

/** An error as plain data: what structured cloning would lose of it is its class. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly cause: PlainError | undefined
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, cause: undefined }
  const { name, message, stack, cause } = error
  return { name, message, stack, cause: cause === undefined ? undefined : toPlainError(cause) }
}

/** The error again, of the same class if that is one of ours or the platform's. */
export function fromPlainError({ name, message, stack, cause }: PlainError): Error {
  const error = create(name, message, cause && { cause: fromPlainError(cause) })
  if (stack !== undefined) error.stack = stack
  return error
}

type ErrorClass = new (message: string, options?: ErrorOptions) => Error

const { abortError: _, ...classes } = errors
const CLASSES = new Map<string, ErrorClass>([
  ...Object.values(classes).map((each): [string, ErrorClass] => [new each('').name, each]),
  ['RangeError', RangeError],
  ['TypeError', TypeError],
])

function create(name: string, message: string, options: ErrorOptions | undefined): Error {
  if (name === 'AbortError') return new DOMException(message, name)
  const known = CLASSES.get(name)
  return known ? new known(message, options) : Object.assign(new Error(message, options), { name })
}
