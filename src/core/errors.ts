/**
 * Errors a caller can react to. Every message says what happened, with the numbers, and what to do about it.
 * Cancellation is not here: it is the platform's `AbortError`. The original error, if any, is kept as `cause`.
 */
class Base extends Error {
  // texts here and below, and not the class's own name, which minifiers change
  override readonly name: string = 'CoppiceError'
}

/** No WebGPU here, no adapter, or one whose limits are too small. */
export class UnsupportedDevice extends Base {
  override readonly name = 'UnsupportedDevice'
}

/** The GPU device went away (driver reset, tab in background, `destroy()`), more often than the engine goes on; create a new one. */
export class DeviceLost extends Base {
  override readonly name = 'DeviceLost'
}

/** The worker that the engine runs in did not start, or died; create a new engine. */
export class WorkerFailed extends Base {
  override readonly name = 'WorkerFailed'
}

/** The GPU refused an allocation, or a plan shows that it would. */
export class OutOfMemory extends Base {
  override readonly name = 'OutOfMemory'
}

/** The model's architecture, a config field or a dtype is one we cannot run. */
export class UnsupportedModel extends Base {
  override readonly name = 'UnsupportedModel'
}

/** A model file contradicts itself: truncated, overlapping tensors, impossible shapes. */
export class CorruptCheckpoint extends Base {
  override readonly name = 'CorruptCheckpoint'
}

/** A model file could not be fetched or read. */
export class DownloadFailed extends Base {
  override readonly name = 'DownloadFailed'
  /** The status of the HTTP answer, if there was one: 401 and 403 ask for a token or for consent, 404 knows no such file. */
  readonly status: number | undefined

  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** The browser's storage has no room for the model: remove others, or load without the cache. */
export class StorageFull extends Base {
  override readonly name = 'StorageFull'
}

/** A prompt, parameter or option that cannot be served; says which and why. */
export class InvalidRequest extends Base {
  override readonly name = 'InvalidRequest'
}

/** The engine was disposed before or during the call. */
export class Disposed extends Base {
  override readonly name = 'Disposed'
}

/** One that needs no class of its own, since no caller could do anything else about it. */
interface Unclassed extends Base {
  readonly name: 'CoppiceError'
}

/** Any of these. Its `name` says which: a `switch` narrows by it, to `DownloadFailed` with its `status` for one. */
export type CoppiceError =
  | Unclassed
  | UnsupportedDevice
  | DeviceLost
  | WorkerFailed
  | OutOfMemory
  | UnsupportedModel
  | CorruptCheckpoint
  | DownloadFailed
  | StorageFull
  | InvalidRequest
  | Disposed

/** The class of all, declared such that `instanceof` narrows to the union above. */
export const CoppiceError = Base as {
  new (message: string, options?: ErrorOptions): CoppiceError
  readonly prototype: CoppiceError
}

/** The error that an aborted `signal` asks for: its own reason, or an `AbortError`. */
export function abortError(signal?: AbortSignal): unknown {
  return signal?.reason ?? new DOMException('The operation was aborted.', 'AbortError')
}
