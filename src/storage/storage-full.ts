import { StorageFull } from '../core/errors'

const ADVICE = 'Remove cached models (evictCached), or load with cache: false.'

/**
 * Checks that there is room for `name`, which takes `bytes` more.
 * @throws StorageFull if that is more than the browser says that this site may have
 */
export async function checkRoom(name: string, bytes: number): Promise<void> {
  const { usage = 0, quota = Infinity } = await estimate()
  if (bytes <= quota - usage) return
  throw new StorageFull(
    `${name} needs ${megabytes(bytes)} more of storage, but this site has only ${megabytes(quota - usage)} left. ${ADVICE}`,
  )
}

/**
 * Waits for a `write` of `name`, which takes `bytes` in all.
 * @param advice what the user can do
 * @throws StorageFull if the browser refuses it for want of room, which it may do whatever it has estimated: Chrome's
 * estimate is 10 GB on every device
 */
export async function withinQuota<T>(name: string, bytes: number, write: Promise<T>, advice = ADVICE): Promise<T> {
  try {
    return await write
  } catch (cause) {
    if (!isFull(cause)) throw cause
    const { usage } = await estimate()
    const used = usage === undefined ? '' : `; this site uses ${megabytes(usage)}`
    throw new StorageFull(
      `${name} needs ${megabytes(bytes)} of storage, but the browser gives no more${used}. ${advice}`,
      { cause },
    )
  }
}

/** Whether a write failed for want of room: in a page, or on disk. */
function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.name === 'QuotaExceededError' || ('code' in error && error.code === 'ENOSPC')
}

/** The bytes that this site uses and may use; empty where the platform does not tell. */
async function estimate(): Promise<StorageEstimate> {
  return (await globalThis.navigator?.storage?.estimate?.()) ?? {}
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
