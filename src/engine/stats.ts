import type { StepTimes } from './step-clock'

/** Counts since the engine was created, on all its devices; tokens unless the name says otherwise. */
export interface EngineStats {
  readonly adapter: string
  readonly running: number
  readonly waiting: number
  readonly steps: number
  /** Tokens of prompts that were computed, again after a preemption included. */
  readonly prefillTokens: number
  /** Tokens of prompts that were taken over from others instead. */
  readonly savedTokens: number
  /** Everything computed: prompts, and drawn tokens fed back. */
  readonly computedTokens: number
  /** Rows that gave way, or lost what was computed of them with a device. */
  readonly preemptions: number
  /** Devices that took the place of a lost one. */
  readonly revivals: number
  /** Blocks of the layers that see furthest. */
  readonly totalBlocks: number
  /** Blocks of these that running sequences hold or that are kept for waiting ones; others are free for the asking. */
  readonly usedBlocks: number
  /** The most that `usedBlocks` has been. */
  readonly peakBlocks: number
  /** Bytes of K and V that attention read, in all layers. */
  readonly kvBytesRead: number
  /** GPU buffers alive, in bytes. */
  readonly gpuBytes: number
  readonly dispatches: number
  readonly passes: number
  readonly submits: number
  /** Uploads of steps; those of weights are not counted, here and in the next two. */
  readonly uploads: number
  readonly uploadedBytes: number
  readonly readBytes: number
  /** GPU objects made, at load or since. */
  readonly buffers: number
  readonly bindGroups: number
  readonly pipelines: number
  readonly stepTimes: StepTimes
}
