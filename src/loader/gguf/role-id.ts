import type { Metadata } from './metadata'

/** Roles of tokens in Hugging Face's names. */
export type Role = 'bos' | 'eos' | 'unk' | 'sep' | 'pad'

export const ROLES: readonly Role[] = ['bos', 'eos', 'unk', 'sep', 'pad']

/** The names of roles in GGUF, with its spelling. */
const NAMES: Readonly<Record<Role, string>> = {
  bos: 'bos',
  eos: 'eos',
  unk: 'unknown',
  sep: 'seperator',
  pad: 'padding',
}

/** Roles that only templates name; some files give them ids beyond the vocabulary. */
const UNIMPORTANT: readonly Role[] = ['sep', 'pad']

/** Ids that llama.cpp takes where a file has none, by the kind of tokenizer. */
const DEFAULTS: ReadonlyMap<string | undefined, Readonly<Partial<Record<Role, number>>>> = new Map([
  ['llama', { bos: 1, eos: 2, unk: 0 }],
  ['gpt2', { bos: 11, eos: 11 }],
])

/** The id of the token with a role; undefined if there is none. */
export function roleId(metadata: Metadata, role: Role): number | undefined {
  const key = `tokenizer.ggml.${NAMES[role]}_token_id`
  const numTokens = metadata.texts('tokenizer.ggml.tokens').length
  if (UNIMPORTANT.includes(role)) {
    const id = metadata.values.get(key)
    return typeof id === 'number' ? id : undefined
  }
  const byDefault = DEFAULTS.get(metadata.text('tokenizer.ggml.model'))?.[role]
  const id = metadata.count(key, numTokens - 1) ?? byDefault
  return id !== undefined && id < numTokens ? id : undefined
}
