import { InvalidRequest } from '../../core/errors'
import { isJsonObject, type JsonObject } from '../../core/json'
import { shownJson } from '../../core/shown'
import type { CreateEmbeddingResponse, EmbeddingParams } from '../openai-types'
import { RefusedRequest } from '../refused-request'
import { checkModel, type Served } from './served'

/** Fields of requests for vectors; those with values have others refused. */
const FIELDS: ReadonlyMap<string, readonly unknown[] | undefined> = new Map([
  ['input', undefined],
  ['model', undefined],
  ['dimensions', undefined],
  ['encoding_format', ['float', 'base64']],
  ['user', undefined],
  // vLLM's
  ['add_special_tokens', [true]],
  ['normalize', [true, false]],
])

/** Answers a request for vectors of texts, or of their tokens. @throws RefusedRequest · what `embed` throws */
export async function createEmbeddings(
  { engine, model }: Served,
  body: EmbeddingParams,
  signal?: AbortSignal,
): Promise<CreateEmbeddingResponse> {
  const { dimensions, normalize, encoding_format: format } = checkFields(body)
  if (typeof body.model === 'string') checkModel(body.model, model)
  const input = readInput(body.input)
  const { embedCounted } = await import('../../embeddings/embed')
  const options = { dimensions: dimensions ?? undefined, normalize: normalize ?? true, signal }
  const { vectors, promptTokens } = await embedCounted(engine, input, options).catch((error: unknown) => {
    throw error instanceof InvalidRequest ? refusalOf(error) : error
  })
  const data = vectors.map((vector, index) => ({
    object: 'embedding' as const,
    index,
    embedding: format === 'base64' ? base64(vector) : [...vector],
  }))
  return { object: 'list', data, model, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } }
}

function checkFields(body: unknown): EmbeddingParams {
  if (!isJsonObject(body)) throw new RefusedRequest('`body` must be an object.', null)
  if (body.input === undefined || body.input === null) {
    throw new RefusedRequest('a request for embeddings needs `input`.', 'input', 'missing_required_parameter')
  }
  for (const [field, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue
    if (!FIELDS.has(field)) {
      const known = [...FIELDS.keys()].join(', ')
      throw new RefusedRequest(`\`${field}\` is not known here; known are ${known}.`, field, 'unknown_parameter')
    }
    const values = FIELDS.get(field)
    if (!values || values.includes(value)) continue
    const asked = `\`${field}\` is ${shownJson(value)}, but must be ${values.map(each => shownJson(each)).join(' or ')}.`
    throw new RefusedRequest(asked, field, 'unsupported_value')
  }
  return body as JsonObject & EmbeddingParams
}

function readInput(input: unknown): readonly (string | readonly number[])[] {
  const isText = (value: unknown) => typeof value === 'string'
  const isTokens = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(Number.isInteger)
  if (isText(input)) return [input as string]
  if (isTokens(input)) return [input as number[]]
  if (Array.isArray(input) && input.length > 0 && (input.every(isText) || input.every(isTokens))) return input
  const message =
    '`input` must be a text, an array of texts, an array of token ids, or an array of such arrays; none empty.'
  throw new RefusedRequest(message, 'input')
}

/** The field at fault, as the message says it. */
function refusalOf(error: InvalidRequest): RefusedRequest {
  const field = error.message.startsWith('dimensions') ? 'dimensions' : 'input'
  return new RefusedRequest(error.message, field, undefined, { cause: error })
}

/** The bytes of f32 values, little-endian, as OpenAI's clients read them. */
function base64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
