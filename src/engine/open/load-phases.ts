import type { EngineOptions, EngineProgress, LoadPhase } from '../options'

const TEXTS: Readonly<Record<LoadPhase, string>> = {
  files: 'Reading what the files say of the model',
  memory: 'Planning memory',
  weights: 'Loading weights',
  kernels: 'Compiling kernels',
  tuning: 'Timing ways to multiply',
}

/** A function that tells how far a phase of loading is: `done` of `of`, in bytes for weights, else the whole phase. */
export function phaseTeller({ onProgress }: Pick<EngineOptions, 'onProgress'>) {
  return (phase: LoadPhase, done: number, of = 1, more: Partial<EngineProgress> = {}) =>
    onProgress?.({ text: TEXTS[phase], ...more, phase, done, of })
}
