import type { EngineTask, EngineTaskReport } from './task'

export const PARTS = ['latency', 'decode', 'prefill', 'context', 'models', 'families'] as const

export type Part = (typeof PARTS)[number]

/** Sizes at which the parts run. */
export interface Sizes {
  /** Numbers of sequences that decode together. */
  readonly batches: readonly number[]
  /** Lengths of a sequence's own context in tokens. */
  readonly contexts: readonly number[]
  /** Tokens of a step of prompts. */
  readonly stepTokens: readonly number[]
  /** Seeded models of the part `models`. */
  readonly shapes: readonly string[]
  /** Tokens that each sequence decodes. */
  readonly out: number
  readonly timesKernels: boolean
}

export const DEFAULT_SIZES: Sizes = {
  batches: [1, 2, 4, 8, 16, 32, 64],
  contexts: [256, 512, 1024, 2048, 4096, 8192],
  stepTokens: [32, 64, 128, 256, 512, 1024],
  shapes: ['bench-6m', 'smollm2-135m'],
  out: 32,
  timesKernels: true,
}

/** A task, and the model for it. */
export interface Section {
  readonly part: Part
  readonly title: string
  /** A seeded shape; undefined: the model of the command line. */
  readonly shape?: string
  readonly task: EngineTask
}

export interface MeasuredSection<R extends EngineTaskReport = EngineTaskReport> extends Omit<Section, 'task'> {
  readonly report: R
}

/** Tokens of a prompt that is short, so that attention is small beside the matrices. */
const SHORT_PROMPT = 16
const FEW = [1, 16]
/** Rows that decode together with each family's model. */
const ROWS = [1, 32]
/** Families of which there is a seeded model with as many weights as the Llama `bench-6m` (scripts/oracles/family-shapes.mjs). */
const FAMILIES = [
  ...['apertus', 'ernie4', 'exaone4', 'gemma', 'gemma3', 'gpt-neo', 'hunyuan', 'minicpm', 'ministral3', 'olmo3'],
  ...['phi', 'seed-oss', 'stablelm', 'starcoder2'],
]

export function sectionsOf(part: Part, sizes: Sizes): Section[] {
  const { batches, contexts, stepTokens, shapes, out, timesKernels } = sizes
  const ofShapes = (names: readonly string[], rows: readonly number[]): Section[] => {
    const points = rows.map(batch => ({ batch, prompt: SHORT_PROMPT }))
    return names.map(shape => {
      return { part, title: `Decoding, ${shape}`, shape, task: { kind: 'decode', points, out, timesKernels } }
    })
  }
  switch (part) {
    case 'latency':
      return [{ part, title: 'First token', task: { kind: 'latency', prompts: [SHORT_PROMPT, 256], batches: FEW } }]
    case 'decode': {
      const points = batches.map(batch => ({ batch, prompt: SHORT_PROMPT }))
      return [{ part, title: 'Decoding, by batch', task: { kind: 'decode', points, out, timesKernels } }]
    }
    case 'prefill':
      return [{ part, title: 'Steps of prompts, by tokens', task: { kind: 'prefill', tokens: stepTokens } }]
    case 'context': {
      const points = contexts.map(prompt => ({ batch: 1, prompt }))
      return [{ part, title: 'Decoding, by context', task: { kind: 'decode', points, out, timesKernels: false } }]
    }
    case 'models':
      return ofShapes(shapes, FEW)
    case 'families':
      return ofShapes(['bench-6m', ...FAMILIES.map(family => `bench-6m-${family}`)], ROWS)
  }
}
