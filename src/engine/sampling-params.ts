import { InvalidRequest } from '../core/errors'
import { EMBEDDINGS, type Embedding, MAX_SCORED, type ScoredPlace } from '../core/reads'
import { MAX_LOGPROBS, type SamplingParams } from '../core/sampling-params'
import { shown, shownJson } from '../core/shown'
import { checkStructuredOutputs } from '../core/structured-outputs'

/** What a caller may give: any part of the parameters; token ids of `logitBias` as object keys or a map. */
export type GenerationParams = Partial<Omit<SamplingParams, 'logitBias' | 'stop'>> & {
  readonly logitBias?: ReadonlyMap<number, number> | Readonly<Record<number, number>>
  readonly stop?: string | readonly string[]
}

/** Entries of `logitBias`, at most: bounds what a step tells the GPU. Tokens to forbid are usually a handful. */
export const MAX_LOGIT_BIAS = 1024

interface Range {
  readonly default: number
  readonly low: number
  readonly high: number
  readonly integer?: boolean
}

const NUMBERS = {
  maxTokens: { default: 256, low: 1, high: 2 ** 31, integer: true },
  temperature: { default: 0, low: 0, high: 100 },
  topK: { default: 0, low: 0, high: 2 ** 31, integer: true },
  topP: { default: 1, low: 0, high: 1 },
  minP: { default: 0, low: 0, high: 1 },
  seed: { default: 0, low: 0, high: 2 ** 32 - 1, integer: true },
  repetitionPenalty: { default: 1, low: 0.01, high: 100 },
  presencePenalty: { default: 0, low: -100, high: 100 },
  frequencyPenalty: { default: 0, low: -100, high: 100 },
} as const satisfies Record<string, Range>

const READS = ['promptLogprobs', 'scored', 'embedding'] as const

const KNOWN = new Set([
  ...Object.keys(NUMBERS),
  'logitBias',
  'logprobs',
  'stop',
  'ignoreEos',
  'skipSpecialTokens',
  'structuredOutputs',
  ...READS,
])

/**
 * Completes and checks sampling parameters.
 * @param nameOf what messages call a parameter, where the caller knows it by another name
 * @throws InvalidRequest that names the parameter, its value and what is allowed
 */
export function samplingParams(
  given: GenerationParams,
  vocabSize: number,
  nameOf: (param: string) => string = param => param,
): SamplingParams {
  if (typeof given !== 'object' || given === null) {
    throw new InvalidRequest(`The parameters are ${String(given)}, but must be an object like { maxTokens: 64 }.`)
  }
  const unknown = Object.keys(given).filter(name => !KNOWN.has(name))
  if (unknown.length > 0) {
    throw new InvalidRequest(`Unknown parameter ${unknown.join(', ')}. Known are ${[...KNOWN].join(', ')}.`)
  }
  const number = (name: keyof typeof NUMBERS): number => {
    const range = NUMBERS[name]
    return given[name] === undefined ? range.default : checked(nameOf(name), given[name], range)
  }
  const flag = (name: 'ignoreEos' | 'skipSpecialTokens', absent: boolean): boolean => {
    const { [name]: value = absent } = given
    if (typeof value === 'boolean') return value
    throw new InvalidRequest(`${nameOf(name)} is ${shown(value)}, but must be true or false.`)
  }
  return {
    maxTokens: number('maxTokens'),
    temperature: number('temperature'),
    topK: number('topK'),
    topP: number('topP'),
    minP: number('minP'),
    seed: number('seed'),
    repetitionPenalty: number('repetitionPenalty'),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    logitBias: logitBias(given.logitBias, vocabSize, nameOf('logitBias')),
    logprobs: given.logprobs === undefined ? undefined : checked(nameOf('logprobs'), given.logprobs, LOGPROBS),
    stop: stopStrings(given.stop, nameOf('stop')),
    ignoreEos: flag('ignoreEos', false),
    skipSpecialTokens: flag('skipSpecialTokens', true),
    ...readParams(given, vocabSize, nameOf),
    structuredOutputs:
      given.structuredOutputs === undefined
        ? undefined
        : checkStructuredOutputs(given.structuredOutputs, nameOf('structuredOutputs')),
  }
}

/** The checked parameters of each prompt, by index. @throws InvalidRequest */
export function paramsOfEach(
  numPrompts: number,
  params: GenerationParams | readonly GenerationParams[],
  vocabSize: number,
): (index: number) => SamplingParams {
  if (!Array.isArray(params)) {
    const forAll = samplingParams(params as GenerationParams, vocabSize)
    return () => forAll
  }
  if (params.length !== numPrompts) {
    throw new InvalidRequest(
      `${params.length} sets of parameters for ${numPrompts} prompts; give one for all, or one each.`,
    )
  }
  // holes, which `map` would leave out, are no parameters
  const checked = Array.from(params, (each: GenerationParams) => samplingParams(each, vocabSize))
  return index => checked[index]
}

/** @throws InvalidRequest for two at once as well: each says what a row is read for */
function readParams(
  given: GenerationParams,
  vocabSize: number,
  nameOf: (param: string) => string,
): Partial<SamplingParams> {
  const names = READS.filter(name => given[name] !== undefined)
  if (names.length === 0) return {}
  if (names.length > 1) throw new InvalidRequest(`Of ${names.map(nameOf).join(' and ')} only one can be asked for.`)
  const { promptLogprobs, scored, embedding } = given
  const name = nameOf(names[0])
  if (promptLogprobs !== undefined) return { promptLogprobs: checked(name, promptLogprobs, LOGPROBS) }
  if (scored !== undefined) return { scored: scoredPlaces(scored, vocabSize, name) }
  if (!EMBEDDINGS.includes(embedding as Embedding)) {
    throw new InvalidRequest(`${name} is ${shown(embedding)}, but must be one of ${EMBEDDINGS.join(', ')}.`)
  }
  return { embedding, maxTokens: 1 }
}

function scoredPlaces(given: unknown, vocabSize: number, name: string): readonly ScoredPlace[] {
  const places = Array.isArray(given) ? given : []
  if (places.length === 0) {
    throw new InvalidRequest(
      `${name} is ${shown(given)}, but must be an array like [{ position: 3, tokenIds: [5, 7] }].`,
    )
  }
  const ids: Range = { default: 0, low: 0, high: vocabSize - 1, integer: true }
  const seen = new Set<number>()
  for (const [index, place] of places.entries()) {
    const { position, tokenIds } = place ?? {}
    checked(`${name}[${index}].position`, position, { default: 1, low: 1, high: 2 ** 31, integer: true })
    if (seen.has(position)) throw new InvalidRequest(`${name} has the position ${position} twice.`)
    seen.add(position)
    if (!Array.isArray(tokenIds) || tokenIds.length === 0 || tokenIds.length > MAX_SCORED) {
      throw new InvalidRequest(
        `${name}[${index}].tokenIds is ${Array.isArray(tokenIds) ? `${tokenIds.length} ids` : shown(tokenIds)}, but must be an array of 1 to ${MAX_SCORED} token ids.`,
      )
    }
    for (const id of tokenIds) checked(`a token id of ${name}[${index}]`, id, ids)
  }
  return places
}

const LOGPROBS: Range = { default: 0, low: 0, high: MAX_LOGPROBS, integer: true }

function checked(name: string, value: unknown, { low, high, integer }: Range): number {
  const isGood = typeof value === 'number' && value >= low && value <= high && (!integer || Number.isInteger(value))
  if (isGood) return value
  throw new InvalidRequest(
    `${name} is ${shown(value)}, but must be ${integer ? 'an integer' : 'a number'} from ${low} to ${high}.`,
  )
}

function logitBias(given: GenerationParams['logitBias'], vocabSize: number, name: string): ReadonlyMap<number, number> {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new InvalidRequest(`${name} is ${shown(given)}, but must be an object or a Map of token ids to numbers.`)
  }
  const pairs: (readonly [unknown, unknown])[] = given instanceof Map ? [...given] : Object.entries(given ?? {})
  if (pairs.length > MAX_LOGIT_BIAS) {
    throw new InvalidRequest(`${name} has ${pairs.length} entries, but may have at most ${MAX_LOGIT_BIAS}.`)
  }
  const ids: Range = { default: 0, low: 0, high: vocabSize - 1, integer: true }
  const biases: Range = { default: 0, low: -1e9, high: 1e9 }
  const checkedPairs = pairs.map(([key, bias]): [number, number] => {
    // of the texts that are numbers to JavaScript only those of digits are meant: not '', ' 5 ', '0x5', '1e1'
    const isDigits = typeof key === 'string' && /^\d{1,10}$/.test(key)
    const tokenId = checked(`a token id of ${name}`, isDigits ? Number(key) : key, ids)
    return [tokenId, checked(`${name} of token ${tokenId}`, bias, biases)]
  })
  const biasOf = new Map(checkedPairs)
  if (biasOf.size < pairs.length)
    throw new InvalidRequest(`${name} has two entries for the same token, as in 5 and 05.`)
  return biasOf
}

/** Half of a surrogate pair, at which a text would be cut within a character. */
const HALF_CHARACTER = /\p{Surrogate}/u

function stopStrings(given: GenerationParams['stop'], name: string): readonly string[] {
  if (given !== undefined && typeof given !== 'string' && !Array.isArray(given)) {
    throw new InvalidRequest(`${name} is ${shown(given)}, but must be a text or an array of texts.`)
  }
  const stop = typeof given === 'string' ? [given] : [...(given ?? [])]
  const bad = stop.findIndex(text => typeof text !== 'string' || text === '' || HALF_CHARACTER.test(text))
  if (bad >= 0)
    throw new InvalidRequest(
      `${name}[${bad}] is ${shownJson(stop[bad])}, but must be a text of at least one character.`,
    )
  return stop
}
