import { UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import { templatesByName } from '../config/tokenizer-config'
import { byteLevel } from './byte-level'
import { briefValue, type Metadata } from './metadata'
import { ROLES, roleId } from './role-id'
import { sentencePiece } from './sentence-piece'
import type { TokenizerParts } from './tokenizer-parts'
import { readTokens, type Tokens } from './tokens'

/** The files of a Hugging Face repository that describe the tokenizer. */
export interface TokenizerFiles {
  /** Contents of tokenizer.json. */
  readonly tokenizer: JsonObject
  /** Contents of tokenizer_config.json. */
  readonly tokenizerConfig: JsonObject
}

/** The tokenizer and the chat template of a GGUF file, as a Hugging Face repository would have them. */
export function ggufTokenizer(metadata: Metadata): TokenizerFiles {
  const tokens = readTokens(metadata)
  const { addsBos, model, ...parts } = kindParts(metadata, tokens)
  const roles: Record<string, string | undefined> = {}
  for (const role of ROLES) {
    const id = roleId(metadata, role)
    if (id !== undefined) roles[`${role}_token`] = tokens.texts[id]
  }
  const added = (role: string, byDefault: boolean) => {
    const token = metadata.flag(`tokenizer.ggml.add_${role}`, byDefault) ? roles[role] : undefined
    return token === undefined ? [] : [token]
  }
  return {
    tokenizer: {
      version: '1.0',
      added_tokens: tokens.added,
      ...parts,
      post_processor: surround(added('bos_token', addsBos), added('eos_token', false), tokens),
      model: { type: 'BPE', vocab: Object.fromEntries(tokens.ids), ...model },
    },
    tokenizerConfig: { ...roles, chat_template: chatTemplate(metadata) },
  }
}

/** The template of chats; as tokenizer_config.json has several, where there is one for calls of tools besides. */
function chatTemplate(metadata: Metadata): unknown {
  const template = metadata.text('tokenizer.chat_template')
  const forTools = metadata.text('tokenizer.chat_template.tool_use')
  return template === undefined || forTools === undefined ? template : templatesByName(template, forTools)
}

function kindParts(metadata: Metadata, tokens: Tokens): TokenizerParts {
  const kind = metadata.text('tokenizer.ggml.model')
  if (kind === 'gpt2') return byteLevel(metadata)
  if (kind === 'llama') return sentencePiece(metadata, tokens)
  throw new UnsupportedModel(
    `${metadata.file}: tokenizer.ggml.model is ${briefValue(kind)}; supported are gpt2 and llama.`,
  )
}

/** A post-processor that puts the tokens `begin` and `end`, none or one each, around a text; null for none at all. */
function surround(begin: readonly string[], end: readonly string[], { ids }: Tokens): JsonObject | null {
  const used = [...begin, ...end]
  if (used.length === 0) return null
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } })
  return {
    type: 'TemplateProcessing',
    single: [...begin.map(special), { Sequence: { id: 'A', type_id: 0 } }, ...end.map(special)],
    pair: [],
    special_tokens: Object.fromEntries(
      used.map(token => [token, { id: token, ids: [ids.get(token)], tokens: [token] }]),
    ),
  }
}
