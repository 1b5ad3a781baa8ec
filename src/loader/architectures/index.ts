import type { Architecture } from './architecture'
import { llama } from './llama'
import { mistral } from './mistral'
import { qwen2 } from './qwen2'
import { qwen3 } from './qwen3'

/** All that can be run. */
const ARCHITECTURES: readonly Architecture[] = [llama, mistral, qwen2, qwen3]

/** Names of config.json's `architectures`. */
export const ARCHITECTURE_NAMES: readonly string[] = ARCHITECTURES.flatMap(({ names }) => names)

export function findArchitecture(name: string): Architecture | undefined {
  return ARCHITECTURES.find(({ names }) => names.includes(name))
}
