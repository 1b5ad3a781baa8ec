import { isJsonObject, type JsonObject } from '../core/json'

/** Names like `bos_token` → the token's text, as the tokenizer's files give them to chat templates. */
export type SpecialTokens = Readonly<Record<string, string>>

/** Special tokens that transformers gives tokenizers of these classes where no file names a role. */
const DEFAULTS: readonly (readonly [RegExp, SpecialTokens])[] = [
  [/^(Code)?LlamaTokenizer(Fast)?$/, { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' }],
  [
    /^(GPT2|GPTNeoX)Tokenizer(Fast)?$/,
    { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>', unk_token: '<|endoftext|>' },
  ],
  [/^Qwen2Tokenizer(Fast)?$/, { eos_token: '<|endoftext|>', unk_token: '<|endoftext|>', pad_token: '<|endoftext|>' }],
  [/^GemmaTokenizer(Fast)?$/, { bos_token: '<bos>', eos_token: '<eos>', unk_token: '<unk>', pad_token: '<pad>' }],
]

/**
 * Special tokens by role: fields `*_token` of tokenizer_config.json, each a text or `{ content: text }`, those that its
 * `extra_special_tokens` name, and those of its class. A role that the file has as null has no token.
 */
export function specialTokens(tokenizerConfig: JsonObject): SpecialTokens {
  const { extra_special_tokens: extra, tokenizer_class: name } = tokenizerConfig
  const [, defaults] = DEFAULTS.find(([classes]) => classes.test(String(name))) ?? []
  const roles = Object.entries(tokenizerConfig).filter(([role]) => role.endsWith('_token'))
  const tokens: Record<string, string> = {}
  for (const [role, value] of [
    ...Object.entries({ ...defaults }),
    ...roles,
    ...Object.entries(isJsonObject(extra) ? extra : {}),
  ]) {
    const text = tokenText(value)
    if (text === undefined) delete tokens[role]
    else tokens[role] = text
  }
  return tokens
}

/** Special tokens without a role. */
export function additionalTokens({
  additional_special_tokens: additional,
  extra_special_tokens: extra,
}: JsonObject): string[] {
  const listed = [additional, extra].flatMap((tokens): unknown[] => (Array.isArray(tokens) ? tokens : []))
  return listed.map(tokenText).filter(text => text !== undefined)
}

function tokenText(value: unknown): string | undefined {
  const text = isJsonObject(value) ? value.content : value
  return typeof text === 'string' ? text : undefined
}
