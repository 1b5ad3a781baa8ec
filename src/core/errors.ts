/**
 * Errors a caller can react to. Every message says what happened, with the numbers, and what to do about it.
 * Cancellation is not here: it is the platform's `AbortError`. The original error, if any, is kept as `cause`.
 */
export class CoppiceError extends Error {
  // a text and not the class's own name, which minifiers change
  override name = 'CoppiceError'
}

/** No WebGPU here, no adapter, or one whose limits are too small. */
export class UnsupportedDevice extends CoppiceError {
  override name = 'UnsupportedDevice'
}

/** The GPU device went away (driver reset, tab in background, `destroy()`); create a new engine. */
export class DeviceLost extends CoppiceError {
  override name = 'DeviceLost'
}

/** The GPU refused an allocation, or a plan shows that it would. */
export class OutOfMemory extends CoppiceError {
  override name = 'OutOfMemory'
}

/** The model's architecture, a config field or a dtype is one we cannot run. */
export class UnsupportedModel extends CoppiceError {
  override name = 'UnsupportedModel'
}

/** A model file contradicts itself: truncated, overlapping tensors, impossible shapes. */
export class CorruptCheckpoint extends CoppiceError {
  override name = 'CorruptCheckpoint'
}

/** A model file could not be fetched or read. */
export class DownloadFailed extends CoppiceError {
  override name = 'DownloadFailed'
  /** Of the HTTP answer, if there was one: 401 and 403 ask for a token or for consent, 404 knows no such file. */
  readonly status: number | undefined

  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** The browser's storage has no room for the model: remove others, or load without the cache. */
export class StorageFull extends CoppiceError {
  override name = 'StorageFull'
}

/** A prompt, parameter or option that cannot be served; says which and why. */
export class InvalidRequest extends CoppiceError {
  override name = 'InvalidRequest'
}

/** The engine was disposed before or during the call. */
export class Disposed extends CoppiceError {
  override name = 'Disposed'
}

/** The error that an aborted `signal` asks for: its own reason, or an `AbortError`. */
export function abortError(signal?: AbortSignal): unknown {
  return signal?.reason ?? new DOMException('The operation was aborted.', 'AbortError')
}
