/**
 * `coppice/client`: an engine in a worker, so that the page's thread carries neither it nor its code.
 *
 *     const engine = await createEngine('HuggingFaceTB/SmolLM2-135M-Instruct')
 */

export type { EngineEvent, EngineListener, EngineSnapshot } from './engine/events'
export type { CallOptions, Engine, GenerateOptions, PlanOptions, TokenizeOptions } from './engine/interface'
export type { ModelLocation } from './engine/open/open-source'
export type { EngineProgress, LoadPhase, StudyOptions } from './engine/options'
export { createEngine, type WorkerEngineOptions } from './worker/create-engine'

// Requests and answers.

export type { FinishReason } from './core/sequence'
export type { Generation, GenerationResult, ScoredToken, TokenLogprob } from './engine/generation'
export type { Chat, Message, Prompt, TextPart } from './engine/prompt'
export type { GenerationParams } from './engine/sampling-params'

// Errors.

export {
  CoppiceError,
  CorruptCheckpoint,
  DeviceLost,
  Disposed,
  DownloadFailed,
  InvalidRequest,
  OutOfMemory,
  StorageFull,
  UnsupportedDevice,
  UnsupportedModel,
  WorkerFailed,
} from './core/errors'
