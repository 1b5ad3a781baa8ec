import type { PlainError } from '../core/plain-error'
import type { PackedSlab, Slab } from './pack-slab'

/** What the worker says once it runs. */
export const READY = 'ready'

/** What it is sent. */
export interface Task {
  readonly id: number
  readonly slab: Slab
}

/** What it answers to each. */
export type Answer =
  | { readonly id: number; readonly packed: PackedSlab }
  | { readonly id: number; readonly error: PlainError }
