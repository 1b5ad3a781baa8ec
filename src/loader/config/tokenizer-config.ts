import { isJsonObject, type JsonObject } from '../../core/json'

/** The small files of a repository that describe its tokenizer beside tokenizer.json. */
export interface TokenizerDescription {
  /** Contents of tokenizer_config.json. */
  readonly config: JsonObject | undefined
  /** Contents of special_tokens_map.json: which tokens begin and end a text, and so on. */
  readonly specialTokensMap: JsonObject | undefined
  /** Contents of added_tokens.json: token → id. */
  readonly addedTokens: JsonObject | undefined
}

/**
 * The three files as one tokenizer_config.json. As in transformers 4.57, a tokenizer_config.json with
 * `added_tokens_decoder` is newer than the other two, which only fill in what it leaves out; beside one without,
 * special_tokens_map.json wins, and tokens of added_tokens.json are added if tokenizer.json does not have them.
 */
export function tokenizerConfig(
  tokenizer: JsonObject,
  { config, specialTokensMap = {}, addedTokens = {} }: TokenizerDescription,
): JsonObject | undefined {
  if (!config && Object.keys({ ...specialTokensMap, ...addedTokens }).length === 0) return undefined
  if (config && isJsonObject(config.added_tokens_decoder)) return { ...specialTokensMap, ...config }
  const own: unknown[] = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens : []
  const known = new Set(own.map(token => (isJsonObject(token) ? token.content : undefined)))
  const others = Object.entries(addedTokens).filter(([content]) => !known.has(content))
  const joined = { ...config, ...specialTokensMap }
  const additional = [config, specialTokensMap].flatMap(file => listOf(file?.additional_special_tokens))
  return {
    ...joined,
    ...(additional.length > 0 && { additional_special_tokens: additional }),
    ...(others.length > 0 && {
      added_tokens_decoder: Object.fromEntries(others.map(([content, id]) => [String(id), { content }])),
    }),
  }
}

/** What `chat_template` is where a model has a template of its own for calls of tools: each by its name in transformers. */
export function templatesByName(template: string, forTools: string): JsonObject[] {
  return [
    { name: 'default', template },
    { name: 'tool_use', template: forTools },
  ]
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
