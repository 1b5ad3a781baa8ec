import { CorruptCheckpoint } from '../../core/errors'
import { briefValue, type Metadata } from './metadata'

/** The vocabulary of a GGUF file. */
export interface Tokens {
  /** By id. */
  readonly texts: readonly string[]
  readonly ids: ReadonlyMap<string, number>
  /** ggml's type of each token. */
  readonly types: ArrayLike<number>
  /** Tokens that are found in a text before it is tokenized, as `added_tokens` of a tokenizer.json. */
  readonly added: readonly AddedToken[]
}

interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
  readonly single_word: false
  readonly lstrip: false
  /** White space after the token belongs to it. */
  readonly rstrip: boolean
  readonly normalized: false
}

// ggml's types of tokens
export const NORMAL = 1
const UNKNOWN = 2
const CONTROL = 3
const USER_DEFINED = 4
const TYPES = 'tokenizer.ggml.token_type'

export function readTokens(metadata: Metadata): Tokens {
  const texts = metadata.texts('tokenizer.ggml.tokens')
  const ids = new Map(texts.map((text, id) => [text, id]))
  const types: ArrayLike<number> = metadata.values.has(TYPES)
    ? metadata.numbers(TYPES, texts.length)
    : new Uint8Array(texts.length).fill(NORMAL)
  if (ids.size < texts.length) {
    const twice = texts.findIndex((text, id) => ids.get(text) !== id)
    throw new CorruptCheckpoint(
      `${metadata.file}: tokens ${twice} and ${ids.get(texts[twice])} are both ${briefValue(texts[twice])}.`,
    )
  }
  const strips = stripsSpace(metadata)
  const added = texts.flatMap((text, id) => addedToken(metadata.file, text, id, types[id], strips(text)))
  return { texts, ids, types, added }
}

/** Of Phi-3's tokens with a meaning these alone leave the white space after them; GGUF has no field that says so. */
const PHI_3_KEEPS_SPACE = ['<unk>', '<s>', '<|endoftext|>']

function stripsSpace(metadata: Metadata): (token: string) => boolean {
  const isPhi3 = metadata.text('general.architecture') === 'phi3' && metadata.text('tokenizer.ggml.model') === 'llama'
  return token => isPhi3 && !PHI_3_KEEPS_SPACE.includes(token)
}

function addedToken(file: string, content: string, id: number, type: number, rstrip: boolean): AddedToken[] {
  const special = type === CONTROL || type === UNKNOWN
  if (!special && type !== USER_DEFINED) return []
  if (content === '')
    throw new CorruptCheckpoint(`${file}: token ${id} is empty, but of type ${type}: found everywhere.`)
  return [{ id, content, special, single_word: false, lstrip: false, rstrip, normalized: false }]
}
