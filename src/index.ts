/**
 * Coppice: batch-first LLM inference in the browser, on WebGPU.
 *
 *     const engine = await createEngine('HuggingFaceTB/SmolLM2-135M-Instruct')
 *     for await (const { index, text } of engine.generate(prompts, { maxTokens: 64 })) console.log(index, text)
 *     engine.dispose()
 */

// An engine, and what it is made of.

export type { CallOptions, Engine, GenerateOptions, PlanOptions, TokenizeOptions } from './engine/interface'
export { createEngine } from './engine/open/create-engine'
export type { ModelLocation } from './engine/open/open-source'
export type { EngineOptions, EngineProgress, LoadPhase, StudyOptions } from './engine/options'

// Requests and answers.

export type { Priority } from './core/priority'
export type { FinishReason } from './core/sequence'
export type { StructuredOutputs } from './core/structured-outputs'
export type { Generation, GenerationResult, ScoredToken, TokenLogprob } from './engine/generation'
export type { Chat, Message, Prompt, TextPart } from './engine/prompt'
export type { GenerationParams } from './engine/sampling-params'
export type { DecodeOptions as DetokenizeOptions } from './tokenizer/tokenizer'

// Descriptions of an engine.

export type { AttentionMode } from './attention/plan'
export type { ModelConfig } from './core/model-config'
export type { EngineEvent, EngineListener, EngineSnapshot } from './engine/events'
export { explainWeights, type WeightKind } from './engine/open/weight-report'
export { explainMemory, type MemoryPlan } from './engine/plan/memory-plan'
export type { EngineStats } from './engine/stats'
export type { Order } from './planner/order-prompts'
export type { JobPlan, Sharing } from './planner/plan-job'

// Files of models, and those that the browser keeps.

export {
  type CacheChoice,
  type CacheContents,
  type CachedModel,
  directorySource,
  evictCached,
  fileListSource,
  folderSource,
  type HubOptions,
  httpSource,
  listCached,
  type ModelSource,
} from './loader'

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
