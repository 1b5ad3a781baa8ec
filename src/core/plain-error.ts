import {
  CoppiceError,
  CorruptCheckpoint,
  DeviceLost,
  Disposed,
  DownloadFailed,
  InvalidRequest,
  OutOfMemory,
  StorageFull,
  UnsupportedDevice,
  UnsupportedModel,
  WorkerFailed,
} from './errors'

/** An error as plain data: what structured cloning would lose of it is its class, and what that adds. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly cause: PlainError | undefined
  /** Those of an `AggregateError`. */
  readonly errors: readonly PlainError[] | undefined
  /** Whether it is a `DOMException`, the platform's class for many names. */
  readonly isPlatforms: boolean
  /** Own fields that the error's class adds to an Error's, such as `status`: numbers, texts and flags. */
  readonly fields: Readonly<Record<string, unknown>>
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return toPlainError(Object.assign(new Error(String(error)), { stack: undefined }))
  const { name, message, stack, cause } = error
  const isPlatforms = error instanceof DOMException
  const added = Object.entries(error).filter(([key, value]) => !STANDARD.has(key) && PLAIN.has(typeof value))
  const fields = Object.fromEntries(added)
  const errors = error instanceof AggregateError ? error.errors.map(toPlainError) : undefined
  const plainCause = cause === undefined ? undefined : toPlainError(cause)
  return { name, message, stack, cause: plainCause, errors, isPlatforms, fields }
}

/** The error again, of the same class if that is one of ours or the platform's. */
export function fromPlainError({ name, message, stack, cause, errors, isPlatforms, fields }: PlainError): Error {
  if (isPlatforms) return new DOMException(message, name)
  const options = cause && { cause: fromPlainError(cause) }
  const error = errors
    ? new AggregateError(errors.map(fromPlainError), message, options)
    : create(name, message, options)
  if (stack !== undefined) error.stack = stack
  return Object.assign(error, fields)
}

const STANDARD = new Set(['name', 'message', 'stack', 'cause'])
const PLAIN = new Set(['number', 'string', 'boolean', 'bigint'])

type ErrorClass = new (message: string, options?: ErrorOptions) => Error

const OURS: readonly ErrorClass[] = [
  CoppiceError,
  CorruptCheckpoint,
  DeviceLost,
  Disposed,
  DownloadFailed,
  InvalidRequest,
  OutOfMemory,
  StorageFull,
  UnsupportedDevice,
  UnsupportedModel,
  WorkerFailed,
]
const CLASSES = new Map<string, ErrorClass>([
  ...OURS.map((each): [string, ErrorClass] => [new each('').name, each]),
  ['RangeError', RangeError],
  ['TypeError', TypeError],
])

function create(name: string, message: string, options: ErrorOptions | undefined): Error {
  const known = CLASSES.get(name)
  return known ? new known(message, options) : Object.assign(new Error(message, options), { name })
}
