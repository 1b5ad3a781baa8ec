import { CorruptCheckpoint } from '../../core/errors'
import { briefValue, type Metadata } from './metadata'

/** The vocabulary of a GGUF file. */
export interface Tokens {
  /** Texts by id. */
  readonly texts: readonly string[]
  readonly ids: ReadonlyMap<string, number>
  /** The type of each token, as ggml numbers them. */
  readonly types: ArrayLike<number>
  /** Tokens that are found in a text before it is tokenized, in the form of a tokenizer.json's `added_tokens`. */
  readonly added: readonly AddedToken[]
}

interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
  readonly single_word: false
  readonly lstrip: false
  /** Whether white space after the token belongs to it. */
  readonly rstrip: boolean
  readonly normalized: false
}

// types of tokens in ggml
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

/** The only special tokens of Phi-3's that leave the white space after them alone; GGUF has no field that says so. */
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
