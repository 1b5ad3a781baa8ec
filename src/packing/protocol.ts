import type { PlainError } from '../core/plain-error'
import type { PackedSlab, Slab } from './pack-slab'

/** The worker's first message, once it runs. */
export const READY = 'ready'

/** A message to the worker. */
export interface Task {
  readonly id: number
  readonly slab: Slab
}

/** The worker's answer to a task. */
export type Answer =
  | { readonly id: number; readonly packed: PackedSlab }
  | { readonly id: number; readonly error: PlainError }
