import { InvalidRequest } from '../core/errors'
import { EMBEDDINGS, type Embedding } from '../core/reads'
import { shown, shownJson } from '../core/shown'
import type { GenerationResult } from '../engine/generation'
import type { CallOptions, Engine, GenerateOptions } from '../engine/interface'
import { type EmbeddingEngine, readSentenceModel } from './pooling'

export interface EmbedOptions extends CallOptions, Pick<GenerateOptions, 'priority'> {
  /** Values that are kept of each vector, the first ones: for models that are trained for that (Matryoshka). Default: all. */
  readonly dimensions?: number
  /** Whether vectors have the length 1, so that their dot product is the cosine. Default true. */
  readonly normalize?: boolean
  /** The name of one of the repository's prompts, such as 'query': it goes before each text. Default: what the repository has as default. */
  readonly promptName?: string
  /** A text that goes before each, such as an instruction with "Query:" at its end. */
  readonly prompt?: string
  /** Which vector: the last token's, or the mean of all tokens'. Default: what the repository says (1_Pooling/config.json). */
  readonly pooling?: Embedding
}

/** The texts' vectors, and what they cost. */
export interface Embedded {
  /** [texts] f32 [dimensions] */
  readonly vectors: readonly Float32Array[]
  /** Tokens of all texts. */
  readonly promptTokens: number
}

/**
 * Vectors of texts, by a model that is made for that: the final norm's outputs, without the LM head. Texts that begin alike share their
 * beginnings, as everywhere. [texts][dimensions]
 * @throws InvalidRequest for a text that is empty or too long, a prompt that the repository does not have, more dimensions than there are ·
 *   UnsupportedModel for other ways to pool · Disposed · DeviceLost · the signal's reason
 */
export async function embed(
  engine: Engine,
  texts: readonly string[],
  options: EmbedOptions = {},
): Promise<Float32Array[]> {
  const { vectors } = await embedCounted(engine, texts, options)
  return [...vectors]
}

/** The same, of texts or token ids, with what it cost. @throws what `embed` throws */
export async function embedCounted(
  engine: EmbeddingEngine,
  texts: readonly (string | readonly number[])[],
  options: EmbedOptions = {},
): Promise<Embedded> {
  const { normalize = true, signal, priority } = options
  checkTexts(texts)
  const { hiddenSize } = engine.config
  const { dimensions = hiddenSize } = options
  if (!(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= hiddenSize)) {
    throw new InvalidRequest(
      `dimensions is ${shown(dimensions)}, but must be an integer from 1 to the model's ${hiddenSize}.`,
    )
  }
  if (options.pooling !== undefined && !EMBEDDINGS.includes(options.pooling)) {
    throw new InvalidRequest(`pooling is ${shown(options.pooling)}, but must be one of ${EMBEDDINGS.join(', ')}.`)
  }
  const model = await readSentenceModel(engine, options.pooling, { signal })
  const prompt = promptOf(options, model.prompts) ?? model.defaultPrompt ?? ''
  // token ids are taken as they are
  const prompts = texts.map(text => (typeof text === 'string' ? prompt + text : text))
  const results = await engine.generate(prompts, { embedding: model.pooling }, { signal, priority }).all()
  const failed = results.find(({ error }) => error)
  if (failed?.error) throw inText(failed)
  return {
    vectors: results.map(({ embedding = new Float32Array() }) => finished(embedding, dimensions, normalize)),
    promptTokens: results.reduce((sum, { usage }) => sum + usage.promptTokens, 0),
  }
}

function promptOf({ prompt, promptName }: EmbedOptions, prompts: Readonly<Record<string, string>>): string | undefined {
  if (promptName === undefined) return prompt
  if (prompt !== undefined) throw new InvalidRequest('Of prompt and promptName only one can be given.')
  const found = Object.hasOwn(prompts, promptName) ? prompts[promptName] : undefined
  if (found !== undefined) return found
  const names = Object.keys(prompts).join(', ') || 'none'
  throw new InvalidRequest(
    `The model has no prompt ${shownJson(promptName)}; its repository names ${names}. Give the text as prompt.`,
  )
}

/** The first values of a vector, and of the length 1 if asked. */
function finished(vector: Float32Array, dimensions: number, normalize: boolean): Float32Array {
  const values = vector.slice(0, dimensions)
  if (!normalize) return values
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return length > 0 ? values.map(value => value / length) : values
}

function checkTexts(texts: readonly (string | readonly number[])[]): void {
  if (!Array.isArray(texts))
    throw new InvalidRequest(`The texts are ${shown(texts)}, but must be an array: [text] for a single one.`)
  const bad = texts.findIndex(text => (typeof text !== 'string' && !Array.isArray(text)) || text.length === 0)
  if (bad >= 0)
    throw new InvalidRequest(`Text ${bad} is ${shownJson(texts[bad])}, but must be a text that is not empty.`)
}

function inText({ index, error }: GenerationResult): Error {
  return new InvalidRequest(`Text ${index} cannot be embedded. ${error?.message}`, { cause: error })
}
