/** Names like `bos_token` → the token's text, as tokenizer_config.json gives them to chat templates. */
export type SpecialTokens = Readonly<Record<string, string>>

/** Special tokens by role: every field `*_token` of tokenizer_config.json, which is a text or `{ content: text }`. */
export function specialTokens(tokenizerConfig: Readonly<Record<string, unknown>>): SpecialTokens {
  const tokens: Record<string, string> = {}
  for (const [role, value] of Object.entries(tokenizerConfig)) {
    const text = typeof value === 'object' && value !== null && 'content' in value ? value.content : value
    if (role.endsWith('_token') && typeof text === 'string') tokens[role] = text
  }
  return tokens
}
