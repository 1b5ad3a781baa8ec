import type { Architecture } from './architecture'
import { gemma2 } from './gemma2'
import { gemma3 } from './gemma3'
import { gptNeoX } from './gpt-neox'
import { gpt2 } from './gpt2'
import { granite } from './granite'
import { llama } from './llama'
import { mistral } from './mistral'
import { olmo2 } from './olmo2'
import { phi3 } from './phi3'
import { qwen2 } from './qwen2'
import { qwen3 } from './qwen3'
import { smollm3 } from './smollm3'

/** All architectures that can be run. */
const ARCHITECTURES: readonly Architecture[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma2,
  gemma3,
  phi3,
  smollm3,
  olmo2,
  granite,
  gpt2,
  gptNeoX,
]

/** The names by which config.json's `architectures` knows them. */
export const ARCHITECTURE_NAMES: readonly string[] = ARCHITECTURES.flatMap(({ names }) => names)

/** The architecture with this name among config.json's `architectures`; undefined if it cannot be run. */
export function findArchitecture(name: string): Architecture | undefined {
  return ARCHITECTURES.find(({ names }) => names.includes(name))
}

/** Architectures by GGUF's `general.architecture`. */
export const GGUF_ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map(
  ARCHITECTURES.flatMap(architecture => (architecture.gguf ? [[architecture.gguf.name, architecture] as const] : [])),
)
