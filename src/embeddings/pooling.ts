import { InvalidRequest, UnsupportedModel } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import type { Embedding } from '../core/reads'
import type { CallOptions, Engine } from '../engine/interface'

/** The parts of an engine that vectors take: it may be in a worker, or further away. */
export type EmbeddingEngine = Pick<Engine, 'modelName' | 'config' | 'modelFile' | 'generate'>

/** How a repository says that its model's vectors are made, in sentence-transformers' files. */
export interface SentenceModel {
  readonly pooling: Embedding
  /** Texts that go before those to embed, by name: 'query', 'document'. */
  readonly prompts: Readonly<Record<string, string>>
  readonly defaultPrompt: string | undefined
}

/** Modules after which a vector is still what the transformer gave, but for its length. */
const KNOWN_MODULES = ['Transformer', 'Pooling', 'Normalize']

/** Reads what the repository says. `pooling`: for one that says nothing. @throws UnsupportedModel · InvalidRequest · CorruptCheckpoint */
export async function readSentenceModel(
  engine: EmbeddingEngine,
  pooling: Embedding | undefined,
  options: CallOptions,
): Promise<SentenceModel> {
  const read = async (name: string) => {
    const text = await engine.modelFile(name, options)
    return text === undefined ? undefined : parse(name, text)
  }
  const [modules, sentences] = await Promise.all([read('modules.json'), read('config_sentence_transformers.json')])
  const { prompts = {}, default_prompt_name: defaultName } = isJsonObject(sentences) ? sentences : {}
  const texts = isJsonObject(prompts) ? (prompts as Record<string, string>) : {}
  const defaultPrompt = typeof defaultName === 'string' ? texts[defaultName] : undefined
  const own = Array.isArray(modules) ? await poolingOf(modules, read) : undefined
  const chosen = pooling ?? own
  if (!chosen) {
    throw new InvalidRequest(
      `${engine.modelName} has no modules.json, so it does not say how it makes vectors of texts. For a model that is made for that, say pooling: 'last' or 'mean'.`,
    )
  }
  return { pooling: chosen, prompts: texts, defaultPrompt }
}

async function poolingOf(
  modules: readonly unknown[],
  read: (name: string) => Promise<unknown>,
): Promise<Embedding | undefined> {
  const found = modules.map(module => (isJsonObject(module) ? module : {}))
  const kindOf = ({ type }: JsonObject) => String(type).split('.').at(-1) ?? ''
  const unknown = found.map(kindOf).find(kind => !KNOWN_MODULES.includes(kind))
  if (unknown !== undefined) {
    throw new UnsupportedModel(
      `modules.json puts a ${unknown} behind the transformer, but vectors can only be pooled and normalised here: ${KNOWN_MODULES.join(', ')}.`,
    )
  }
  const pooling = found.find(module => kindOf(module) === 'Pooling')
  if (!pooling) return undefined
  const name = `${String(pooling.path)}/config.json`
  const config = await read(name)
  if (!isJsonObject(config)) return undefined
  const modes = Object.keys(config).filter(key => key.startsWith('pooling_mode_') && config[key] === true)
  if (config.include_prompt === false) {
    throw new UnsupportedModel(
      `${name} leaves prompts out of the mean (include_prompt: false), which is not done here.`,
    )
  }
  if (modes.length === 1 && modes[0] === 'pooling_mode_lasttoken') return 'last'
  if (modes.length === 1 && modes[0] === 'pooling_mode_mean_tokens') return 'mean'
  throw new UnsupportedModel(
    `${name} asks for ${modes.join(' and ') || 'no pooling'}, but only pooling_mode_lasttoken or pooling_mode_mean_tokens are there.`,
  )
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UnsupportedModel(`${name} of the model is no JSON.`, { cause })
  }
}
