/**
 * Coppice: batch-first LLM inference in the browser, on WebGPU.
 *
 *     const engine = await createEngine('HuggingFaceTB/SmolLM2-135M-Instruct')
 *     for await (const { index, text } of engine.generate(prompts, { maxTokens: 64 })) console.log(index, text)
 *     engine.dispose()
 */
export { type BatchRequest, parseBatchRequest } from './api/batch-request'
export type { BatchResponse } from './api/batch-response'
export { type JobOptions, type JobProgress, type JobSummary, runJob } from './api/job'
export { type Line, readLines } from './api/lines'
export type { AttentionMode } from './attention/plan'
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
} from './core/errors'
export type { ModelConfig } from './core/model-config'
export type { FinishReason } from './core/sequence'
export type { Engine, GenerateOptions } from './engine/engine'
export type { Generation, GenerationResult, TokenLogprob } from './engine/generation'
export { createEngine } from './engine/open/create-engine'
export type { ModelLocation } from './engine/open/open-source'
export { explainWeights, type WeightKind } from './engine/open/weight-report'
export type { EngineOptions, EngineProgress, StudyOptions } from './engine/options'
export { explainMemory, type MemoryPlan } from './engine/plan/memory-plan'
export type { Chat, Message, Prompt, TextPart } from './engine/prompt'
export type { GenerationParams } from './engine/sampling-params'
export type { EngineStats } from './engine/stats'
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
export type { Order } from './planner/order-prompts'
export type { JobPlan, Sharing } from './planner/plan-job'
