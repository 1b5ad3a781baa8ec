const GIB = 2 ** 30

/** Where nothing is known: what a laptop or a recent phone can spare. */
const UNKNOWN_BYTES = 2 * GIB

export interface MemoryBudget {
  readonly bytes: number
  /** For people: where the number comes from. */
  readonly reason: string
}

/**
 * GPU memory that a model may take. WebGPU does not say how much there is; some browsers say how much main memory the
 * device has (`navigator.deviceMemory`, in GiB, rounded down and capped), of which we take half.
 */
export function memoryBudget(memoryBytes: number | undefined): MemoryBudget {
  if (memoryBytes !== undefined) return { bytes: memoryBytes, reason: 'the option memoryBytes' }
  const { deviceMemory } = (globalThis.navigator ?? {}) as { readonly deviceMemory?: number }
  if (deviceMemory === undefined) return { bytes: UNKNOWN_BYTES, reason: 'assumed, since the browser does not say' }
  return { bytes: (deviceMemory / 2) * GIB, reason: `half of the ${deviceMemory} GiB that the browser reports` }
}
