import type { StepTimes } from './step-clock'

/** Counts since the engine was created; tokens unless the name says otherwise. */
export interface EngineStats {
  readonly adapter: string
  readonly running: number
  readonly waiting: number
  readonly steps: number
  /** Computed for prompts, again after a preemption included. */
  readonly prefillTokens: number
  /** Of prompts, taken over from others instead of computed. */
  readonly savedTokens: number
  /** Everything computed: prompts, and drawn tokens fed back. */
  readonly computedTokens: number
  readonly preemptions: number
  /** Of the layers that see furthest, as are the following two. */
  readonly totalBlocks: number
  /** Held by running sequences or kept for waiting ones; others may be remembered, but are free for the asking. */
  readonly usedBlocks: number
  readonly peakBlocks: number
  /** K and V that attention read, in all layers. */
  readonly kvBytesRead: number
  /** GPU buffers alive, in bytes. */
  readonly gpuBytes: number
  readonly dispatches: number
  readonly passes: number
  readonly submits: number
  /** Of steps, as is what follows: not of weights. */
  readonly uploads: number
  readonly uploadedBytes: number
  readonly readBytes: number
  /** GPU objects made, at load or since. */
  readonly buffers: number
  readonly bindGroups: number
  readonly pipelines: number
  readonly stepTimes: StepTimes
}
