import type { EngineOptions, EngineProgress, LoadPhase } from '../options'

/** A function that tells how far a phase of loading is: `done` of `of`, in bytes for weights, else the whole phase. */
export function phaseTeller({ onProgress }: Pick<EngineOptions, 'onProgress'>) {
  return (phase: LoadPhase, done: number, of = 1, more: Partial<EngineProgress> = {}) =>
    onProgress?.({ text: `Loading: ${phase}`, ...more, phase, done, of })
}
