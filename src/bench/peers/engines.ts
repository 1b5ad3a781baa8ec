/** An entry of the comparison. */
export interface EngineEntry {
  readonly engine: 'coppice' | 'transformers' | 'wllama'
  /** Format that weights are kept in; they are the same numbers in every one. */
  readonly weights: 'f32' | 'f16' | 'q4'
  readonly device: 'webgpu' | 'cpu'
  readonly title: string
}

export const ENGINES = {
  'coppice-f32': { engine: 'coppice', weights: 'f32', device: 'webgpu', title: 'Coppice, f32' },
  'coppice-q4': { engine: 'coppice', weights: 'q4', device: 'webgpu', title: 'Coppice, q4' },
  'transformers-f32': { engine: 'transformers', weights: 'f32', device: 'webgpu', title: 'transformers.js, fp32' },
  'transformers-q4': { engine: 'transformers', weights: 'q4', device: 'webgpu', title: 'transformers.js, q4' },
  'wllama-f16': { engine: 'wllama', weights: 'f16', device: 'webgpu', title: 'wllama, f16' },
  'wllama-q4': { engine: 'wllama', weights: 'q4', device: 'webgpu', title: 'wllama, q4_0' },
  'wllama-cpu': { engine: 'wllama', weights: 'q4', device: 'cpu', title: 'wllama on the CPU, q4_0' },
} as const satisfies Readonly<Record<string, EngineEntry>>

export type EngineName = keyof typeof ENGINES

export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[]

/** The way in which each engine serves a batch of prompts with a common prefix. */
export const STRATEGIES: Readonly<Record<EngineEntry['engine'], string>> = {
  coppice: 'one call with all prompts; KV cache f32',
  transformers:
    'the prefix once, the rest of each prompt one by one on a copy of its cache (GroupQueryAttention continues from a ' +
    'past with more than one token at batch 1 only), the caches joined on the GPU by hand, then decoding as a batch; ' +
    'the logits of the last token only, argmax in JavaScript; KV cache f32',
  wllama:
    'one slot, whose cache keeps the prefix, prompts one by one (with several slots each computes the prefix again, ' +
    'which was slower); KV cache f16, as it comes',
}
