import { CorruptCheckpoint, UnsupportedModel } from '../core/errors'
import { isJsonObject, type JsonObject, jsonObjects } from '../core/json'
import { additionalTokens, specialTokens } from './special-tokens'

/** A token that is found in a text before it is tokenized. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  /** `decode` leaves it out. */
  readonly special: boolean
  /** Found in the normalized text, as the normalizer writes it. */
  readonly normalized: boolean
  /** White space before or after it belongs to it. */
  readonly lstrip: boolean
  readonly rstrip: boolean
}

/** The largest published vocabularies have 2^18 tokens; tables have a place for every id. */
export const MAX_TOKEN_ID = 2 ** 22

/** Published ones have up to 100 characters; they are looked for at every place of a text. */
const MAX_CONTENT_CHARS = 2 ** 8

/**
 * The added tokens that a tokenizer's files describe. As in transformers, tokenizer_config.json's `added_tokens_decoder`
 * says how one is found if tokenizer.json says otherwise; special tokens that are in neither are added; and the id is
 * that in the vocabulary, if it is there. By their contents.
 */
export function addedTokens(
  json: JsonObject,
  config: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
): ReadonlyMap<string, AddedToken> {
  const roles = new Set([...Object.values(specialTokens(config)), ...additionalTokens(config)])
  const tokens = new Map<string, AddedToken>()
  const add = (token: JsonObject, id: unknown, file: string, special: boolean) => {
    const { content } = token
    if (content === '') return
    if (typeof content !== 'string' || content.length > MAX_CONTENT_CHARS) {
      throw new UnsupportedModel(
        `${file}: the added token ${id} is not a text of at most ${MAX_CONTENT_CHARS} characters.`,
      )
    }
    if (token.single_word === true) {
      throw new UnsupportedModel(`${file} finds ${JSON.stringify(content)} as a whole word only (single_word).`)
    }
    tokens.set(content, {
      id: vocabulary.get(content) ?? checkId(id, content, file),
      content,
      special,
      normalized: typeof token.normalized === 'boolean' ? token.normalized : !special,
      lstrip: token.lstrip === true,
      rstrip: token.rstrip === true,
    })
  }
  for (const token of jsonObjects(json.added_tokens)) add(token, token.id, 'tokenizer.json', token.special === true)
  const described = isJsonObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {}
  for (const [id, token] of Object.entries(described)) {
    if (!isJsonObject(token)) continue
    const special = token.special === true || roles.has(String(token.content))
    add(token, /^\d+$/.test(id) ? Number(id) : id, 'tokenizer_config.json', special)
  }
  let next = 0
  for (const id of vocabulary.values()) next = Math.max(next, id + 1)
  for (const { id } of tokens.values()) next = Math.max(next, id + 1)
  for (const content of roles) if (!tokens.has(content)) add({ content }, next++, 'tokenizer_config.json', true)
  return tokens
}

/** @throws CorruptCheckpoint unless it is a whole number from 0 to `MAX_TOKEN_ID` */
export function checkId(id: unknown, token: string, file: string): number {
  if (Number.isInteger(id) && Number(id) >= 0 && Number(id) <= MAX_TOKEN_ID && !Object.is(id, -0)) return Number(id)
  throw new CorruptCheckpoint(
    `${file}: the token ${JSON.stringify(token)} has the id ${String(id)}; ids are whole numbers from 0 to ${MAX_TOKEN_ID}.`,
  )
}
