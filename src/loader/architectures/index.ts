import { apertus } from './apertus'
import type { Architecture } from './architecture'
import { ernie4 } from './ernie4'
import { exaone4 } from './exaone4'
import { gemma1 } from './gemma'
import { gemma2 } from './gemma2'
import { gemma3 } from './gemma3'
import { gptNeo } from './gpt-neo'
import { gptNeoX } from './gpt-neox'
import { gpt2 } from './gpt2'
import { granite } from './granite'
import { hunYuan } from './hunyuan'
import { llama } from './llama'
import { miniCpm } from './minicpm'
import { ministral3 } from './ministral3'
import { mistral } from './mistral'
import { olmo2 } from './olmo2'
import { olmo3 } from './olmo3'
import { phi } from './phi'
import { phi3 } from './phi3'
import { qwen2 } from './qwen2'
import { qwen3 } from './qwen3'
import { seedOss } from './seed-oss'
import { smollm3 } from './smollm3'
import { stableLm } from './stablelm'
import { starCoder2 } from './starcoder2'

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
  gemma1,
  olmo3,
  exaone4,
  ernie4,
  miniCpm,
  stableLm,
  phi,
  starCoder2,
  seedOss,
  gptNeo,
  hunYuan,
  ministral3,
  apertus,
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
