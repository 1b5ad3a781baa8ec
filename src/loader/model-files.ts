import { CorruptCheckpoint } from '../core/errors'
import type { JsonObject } from '../core/json'
import type { ModelConfig } from '../core/model-config'
import { UnknownArchitecture } from './architectures/unknown-architecture'
import { architectureOf, parseModelConfig } from './config/model-config'
import { QUANTIZATION_FIELDS, textPart } from './config/text-part'
import { templatesByName, tokenizerConfig } from './config/tokenizer-config'
import type { GgufModel } from './gguf/model'
import type { Packing } from './packed'
import { openSafetensors } from './safetensors/checkpoint'
import { missingModel } from './sources/missing-model'
import { type ModelSource, readJson, readText } from './sources/source'
import type { Checkpoint } from './weights/checkpoint'

/** The small files of a model. */
export interface ModelFiles {
  readonly config: JsonObject
  readonly generationConfig: JsonObject | undefined
  readonly tokenizer: JsonObject
  /** Contents of tokenizer_config.json, with what special_tokens_map.json and added_tokens.json add. */
  readonly tokenizerConfig: JsonObject | undefined
  /** Text of chat_template.jinja, where newer repositories keep what older ones have in tokenizer_config.json. */
  readonly chatTemplate: string | undefined
  /** The headers from which the rest was read, if the model is a GGUF file. */
  readonly gguf?: GgufModel
}

/**
 * Largest file but tokenizer.json. The largest known to us, configurations of tokenizers that describe each of their added tokens
 * and lists of a quantised model's layers, have a few megabytes.
 */
const MAX_SMALL_FILE_BYTES = 16 * 2 ** 20

/** The template for calls of tools where newer transformers keeps one beside chat_template.jinja; looked for where there is a list of files. */
const TOOL_TEMPLATE = 'additional_chat_templates/tool_use.jinja'

/**
 * Reasons to ask for a file that may be absent, where there is no list of files: no other file says what it would. A
 * repository may have a chat template in two files, of which newer versions of transformers believe chat_template.jinja;
 * they write one only, so whoever has both has edited one by hand.
 */
const CAUSE = {
  chatTemplate: (config: JsonObject = {}) => !config.chat_template,
  // null says that there is none
  specialTokensMap: (config: JsonObject = {}) =>
    isOld(config) || config.bos_token === undefined || config.eos_token === undefined,
  addedTokens: (config: JsonObject = {}) => isOld(config),
} as const

/** Whether other files may add to a tokenizer_config.json: newer transformers write all into that one (tokenizer-config.ts). */
function isOld({ added_tokens_decoder: described }: JsonObject): boolean {
  return described === undefined
}

/**
 * Reads everything but the weights, once the architecture is known to be one of ours; of a GGUF file, what its header says in the
 * same terms. A missing config.json or tokenizer.json is `DownloadFailed`, another architecture `UnsupportedModel`.
 */
export function readModelFiles(source: ModelSource, signal?: AbortSignal): Promise<ModelFiles> {
  return orDistrust(source, () =>
    readAll(source, signal).catch(async error => {
      throw error instanceof UnknownArchitecture ? await error.explained() : error
    }),
  )
}

/** The text of a small file beside the others; undefined where there is none. @throws DownloadFailed */
export function readSmallText(source: ModelSource, file: string, signal?: AbortSignal): Promise<string | undefined> {
  return readText(source, file, signal, MAX_SMALL_FILE_BYTES)
}

async function readAll(source: ModelSource, signal: AbortSignal | undefined): Promise<ModelFiles> {
  if (source.gguf !== undefined) {
    const { openGguf, readGgufFiles } = await import('./gguf')
    const gguf = await openGguf(source, source.gguf, signal)
    const files = await readGgufFiles(source, gguf, signal)
    return { ...files, generationConfig: undefined, chatTemplate: undefined, gguf }
  }
  const readSmall = (file: string) => readJson(source, file, signal, MAX_SMALL_FILE_BYTES)
  const config = await readSmall('config.json')
  if (!config) throw await missingModel(source, 'config.json', signal)
  // a model that is none of ours is said to be that, whatever its other files are like
  if (config.architectures !== undefined) architectureOf(textPart(config).config)
  const [generationConfig, tokenizer, ownConfig] = await Promise.all([
    readSmall('generation_config.json'),
    readJson(source, 'tokenizer.json', signal),
    readSmall('tokenizer_config.json'),
  ])
  if (!tokenizer) throw await missingModel(source, 'tokenizer.json', signal)
  const ask = async <T>(what: keyof typeof CAUSE, read: () => Promise<T>): Promise<T | undefined> => {
    return !source.isUnlisted || CAUSE[what](ownConfig) ? read() : undefined
  }
  const [chatTemplate, specialTokensMap, addedTokens] = await Promise.all([
    ask('chatTemplate', () => readSmallText(source, 'chat_template.jinja', signal)),
    ask('specialTokensMap', () => readSmall('special_tokens_map.json')),
    ask('addedTokens', () => readSmall('added_tokens.json')),
  ])
  const description = { config: ownConfig, specialTokensMap, addedTokens }
  const complete = tokenizerConfig(tokenizer, description)
  const forTools =
    source.length?.(TOOL_TEMPLATE) === undefined ? undefined : await readSmallText(source, TOOL_TEMPLATE, signal)
  const template = chatTemplate ?? complete?.chat_template
  if (forTools === undefined || typeof template !== 'string') {
    return { config, generationConfig, tokenizer, tokenizerConfig: complete, chatTemplate }
  }
  const both = { ...complete, chat_template: templatesByName(template, forTools) }
  return { config, generationConfig, tokenizer, tokenizerConfig: both, chatTemplate: undefined }
}

/** The model that the files describe. @throws UnsupportedModel · CorruptCheckpoint, in the words of the files */
export async function describeModel({ config, generationConfig, gguf }: ModelFiles): Promise<ModelConfig> {
  try {
    // refuses what no reader of weights is for, before fields that only its files have
    if (config.architectures !== undefined) architectureOf(textPart(config).config)
    await packingOf(config)
    return parseModelConfig(config, generationConfig)
  } catch (error) {
    throw gguf ? (await import('./gguf')).inGgufTerms(error, gguf) : error
  }
}

/** The weights of the `model` that the files describe, by their headers; none of them is read yet. */
export async function openCheckpoint(
  source: ModelSource,
  { config, gguf }: ModelFiles,
  model: ModelConfig,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  return orDistrust(source, async () => {
    const checkpoint = gguf
      ? (await import('./gguf')).ggufCheckpoint(gguf, model)
      : await openSafetensors(source, await packingOf(config), signal, model.leavesOut !== undefined)
    checkLengths(source, checkpoint)
    return checkpoint
  })
}

/** The way in which the checkpoint's matrices are quantised, if they are: its readers are loaded only then. */
async function packingOf(whole: JsonObject): Promise<Packing | undefined> {
  const { config } = textPart(whole)
  const isQuantized = QUANTIZATION_FIELDS.some(field => (config[field] ?? undefined) !== undefined)
  return isQuantized ? (await import('./packed')).readPacking(config) : undefined
}

/** The value that `read` gives; if it makes no sense, the source is told, since a kept copy may have been damaged on disk. */
async function orDistrust<T>(source: ModelSource, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof CorruptCheckpoint) await source.distrust?.()
    throw error
  }
}

/**
 * Checks that each file is as long as its header says, before memory is taken for it: one may be truncated, and a list may
 * lie.
 */
function checkLengths(source: ModelSource, { files }: Checkpoint): void {
  for (const { name, dataBegin, stored, maxPadding } of files) {
    const end = dataBegin + (stored.at(-1)?.end ?? 0)
    const length = source.length?.(name) ?? end
    if (length >= end && length <= end + maxPadding) continue
    throw new CorruptCheckpoint(
      `${name} has ${length} bytes, but by its header the last tensor ends at byte ${end}. Download it again.`,
    )
  }
}
