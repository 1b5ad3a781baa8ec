/**
 * The messages between a page and a worker's host: over a port of their own, which a dedicated worker takes like a shared one,
 * in the order in which they were sent.
 */
import type { PlainError } from '../core/plain-error'
import type { Priority } from '../core/priority'
import type { EngineEvent } from '../engine/events'
import type { GenerationResult } from '../engine/generation'
import type { Engine, ReadProgress } from '../engine/interface'
import type { EngineOptions, EngineProgress } from '../engine/options'
import type { Prompt } from '../engine/prompt'
import type { GenerationParams } from '../engine/sampling-params'
import type { JobPlan } from '../planner/plan-job'

/**
 * A page's first message to the worker itself; the port comes with it. Whatever else a worker hears is not for the host. The number is
 * the protocol's, and part of a shared worker's name: pages of an older one, left open, keep their own.
 */
export const CONNECT = 'coppice 1: connect'

/** A page's message to a service worker, which the browser would stop for being idle. */
export const KEEP_ALIVE = 'coppice: keep alive'

/** Results that the page has at a time and has not read: others wait in the worker. */
export const MAX_UNREAD = 64

/** Messages with pieces of a call's text that the page has at a time and has not handed on. */
export const MAX_UNHEARD = 2

/** An engine's description: plain data that its page holds from the start. */
export type About = Pick<Engine, 'modelName' | 'config' | 'chatTemplate' | 'memory' | 'decisions' | 'weights'>

/** The methods of an engine that have one answer. */
export type Asked =
  | 'plan'
  | 'tokenize'
  | 'detokenize'
  | 'modelFile'
  | 'checkParams'
  | 'stats'
  | 'kernelTimes'
  | 'inspect'

/** The options that say how an engine is shared. */
export interface SharingOptions {
  /** How long an engine that no tab uses is kept, in milliseconds. Default 30,000. */
  readonly graceMs?: number
}

/** The model's location and the options, as far as they are data. */
export interface Opening {
  readonly location: string | FileSystemDirectoryHandle | readonly File[]
  readonly options: EngineOptions & SharingOptions
}

/** Messages from the page. `call`: the call's number among the page's. */
export type Order =
  /** The next orders are this call's, should they not be readable: what threads of one page share is not in another. */
  | { readonly type: 'next'; readonly call: number }
  /** `lock`: held by the page while it lives, where the worker may outlive it. */
  | { readonly type: 'open'; readonly call: number; readonly opening: Opening; readonly lock?: string }
  /** Some of the prompts of a call that comes later. */
  | { readonly type: 'prompts'; readonly call: number; readonly prompts: readonly Prompt[] }
  | {
      readonly type: 'generate'
      readonly call: number
      readonly params: GenerationParams | readonly GenerationParams[]
      readonly priority: Priority
      readonly wantsText: boolean
      readonly wantsProgress: boolean
    }
  /** A question with one answer; the prompts of a `plan` came before. */
  | {
      readonly type: 'ask'
      readonly call: number
      readonly method: Asked
      readonly args: readonly unknown[]
      readonly wantsProgress?: boolean
    }
  /** So many more of the results were read. */
  | { readonly type: 'read'; readonly call: number; readonly count: number }
  /** Send the engine's events. */
  | { readonly type: 'watch'; readonly call: number }
  /** A message with texts or events was handed on. */
  | { readonly type: 'heard'; readonly call: number }
  /** Stop the prompts that still run; what they have is wanted. */
  | { readonly type: 'cancel'; readonly call: number }
  /** Nothing more of this call is wanted. */
  | { readonly type: 'leave'; readonly call: number }
  | { readonly type: 'dispose'; readonly call?: undefined }

/** A result as it crosses. */
export interface PlainResult extends Omit<GenerationResult, 'error'> {
  readonly error: PlainError | undefined
}

/** Messages from the host about a call. */
export type CallMessage =
  /** The only answer of a call that has one. */
  | { readonly type: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly type: 'planned'; readonly call: number; readonly plan: JobPlan }
  | { readonly type: 'unplanned'; readonly call: number; readonly error: PlainError }
  /** Prompts' indices and what their texts have grown by. */
  | { readonly type: 'texts'; readonly call: number; readonly texts: readonly (readonly [number, string])[] }
  /** Events of the engine; no others come before the page has heard of these. */
  | { readonly type: 'events'; readonly call: number; readonly events: readonly EngineEvent[] }
  /** So many of a call's prompts are read. */
  | { readonly type: 'reading'; readonly call: number; readonly progress: ReadProgress }
  | { readonly type: 'result'; readonly call: number; readonly result: PlainResult }
  /** The last of a call. */
  | { readonly type: 'end'; readonly call: number; readonly error?: PlainError }

export type HostMessage =
  | CallMessage
  /** The first: there is a host, which holds this lock while it lives. */
  | { readonly type: 'ready'; readonly lock: string | undefined }
  | { readonly type: 'progress'; readonly progress: EngineProgress }
  /** The engine is on another device. */
  | { readonly type: 'about'; readonly about: About }
  /** The device is, or with `WorkerFailed` the host. */
  | { readonly type: 'lost'; readonly error: PlainError }
