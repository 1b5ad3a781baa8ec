import type { ModelConfig } from '../core/model-config'
import type { Checkpoint } from './checkpoint'
import { ggufCheckpoint } from './gguf/checkpoint'
import { readGgufFiles } from './gguf/files'
import { inGgufTerms } from './gguf/gguf-terms'
import { type GgufModel, openGguf } from './gguf/model'
import type { JsonObject } from './json'
import { parseModelConfig } from './model-config'
import { parseQuantization } from './quantization-config'
import { openSafetensors } from './safetensors-checkpoint'
import { type ModelSource, missingFile, readJson, readText } from './source'
import { tokenizerConfig } from './tokenizer-config'

/** The small files of a model. */
export interface ModelFiles {
  readonly config: JsonObject
  readonly generationConfig: JsonObject | undefined
  readonly tokenizer: JsonObject
  /** Of tokenizer_config.json, with what special_tokens_map.json and added_tokens.json add. */
  readonly tokenizerConfig: JsonObject | undefined
  /** Text of chat_template.jinja, where newer repositories keep what older ones have in tokenizer_config.json. */
  readonly chatTemplate: string | undefined
  /** The headers from which the rest was read, if the model is a GGUF file. */
  readonly gguf?: GgufModel
}

/**
 * Reads everything but the weights, all at once; of a GGUF file, what its header says in the same terms.
 * A missing config.json or tokenizer.json is `DownloadFailed`.
 */
export async function readModelFiles(source: ModelSource, signal?: AbortSignal): Promise<ModelFiles> {
  if (source.gguf !== undefined) {
    const gguf = await openGguf(source, source.gguf, signal)
    const files = await readGgufFiles(source, gguf, signal)
    return { ...files, generationConfig: undefined, chatTemplate: undefined, gguf }
  }
  const [config, generationConfig, tokenizer, ownConfig, chatTemplate, specialTokensMap, addedTokens] =
    await Promise.all([
      readJson(source, 'config.json', signal),
      readJson(source, 'generation_config.json', signal),
      readJson(source, 'tokenizer.json', signal),
      readJson(source, 'tokenizer_config.json', signal),
      readText(source, 'chat_template.jinja', signal),
      readJson(source, 'special_tokens_map.json', signal),
      readJson(source, 'added_tokens.json', signal),
    ])
  if (!config) throw missingFile(source, 'config.json')
  if (!tokenizer) throw missingFile(source, 'tokenizer.json')
  const description = { config: ownConfig, specialTokensMap, addedTokens }
  return { config, generationConfig, tokenizer, tokenizerConfig: tokenizerConfig(tokenizer, description), chatTemplate }
}

/** The model that the files describe. @throws UnsupportedModel · CorruptCheckpoint, in the words of the files */
export function describeModel({ config, generationConfig, gguf }: ModelFiles): ModelConfig {
  try {
    return parseModelConfig(config, generationConfig)
  } catch (error) {
    throw gguf ? inGgufTerms(error, gguf) : error
  }
}

/** The weights of the `model` that the files describe, by their headers; none of them is read yet. */
export async function openCheckpoint(
  source: ModelSource,
  { config, gguf }: ModelFiles,
  model: ModelConfig,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  return gguf ? ggufCheckpoint(gguf, model) : openSafetensors(source, parseQuantization(config), signal)
}
