import { StorageFull } from '../../core/errors'

const ADVICE = 'Remove cached models (evictCached), or load with cache: false.'

/** The error for a refused write: `StorageFull` with the numbers if the browser says that there is no room. */
export async function storageFull(cause: unknown, path: string, bytes: number): Promise<unknown> {
  if (!(cause instanceof Error) || cause.name !== 'QuotaExceededError') return cause
  const free = await freeBytes()
  const left = free === undefined ? '' : ` ${megabytes(free)} are left of the browser's storage for this site.`
  return new StorageFull(`There is no room for ${megabytes(bytes)} of ${path}.${left} ${ADVICE}`, { cause })
}

/** @throws StorageFull if `bytes` more are more than the browser grants this site */
export async function checkRoom(name: string, bytes: number): Promise<void> {
  const free = await freeBytes()
  if (free === undefined || bytes <= free) return
  throw new StorageFull(
    `${name} needs ${megabytes(bytes)} more of storage, but this site has only ${megabytes(free)} left. ${ADVICE}`,
  )
}

/** Undefined where the platform does not tell. */
async function freeBytes(): Promise<number | undefined> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate()) ?? {}
  return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
