import { bytesOfToken } from './byte-chars'
import type { Tokenizer } from './tokenizer'

/** The token of a byte, by which SentencePiece writes characters for which it has no piece. */
const FALLBACK = /^<0x([0-9A-F]{2})>$/i

/** The character that stands for incomplete ones in decoded text. */
const REPLACEMENT = '\ufffd'

/**
 * The UTF-8 bytes that a token adds to a text; none if it is hidden. The bytes of all tokens joined are the text's, also
 * where a character is split between tokens.
 * @param previous the last visible token before it; undefined for the first, which may lose its leading space
 */
export function tokenBytes(
  tokenizer: Pick<Tokenizer, 'decode' | 'isVisible' | 'token'>,
  id: number,
  previous: number | undefined,
): Uint8Array {
  if (!tokenizer.isVisible(id)) return new Uint8Array()
  const text = tokenizer.decode([id])
  if (text.includes(REPLACEMENT)) return rawBytes(tokenizer.token(id) ?? text)
  if (previous === undefined) return new TextEncoder().encode(text)
  const before = tokenizer.decode([previous])
  const both = tokenizer.decode([previous, id])
  return new TextEncoder().encode(both.startsWith(before) ? both.slice(before.length) : text)
}

/** The bytes of a token of the vocabulary, which is written in one of the two ways that can hold parts of characters. */
function rawBytes(token: string): Uint8Array {
  const fallback = FALLBACK.exec(token)
  return fallback ? Uint8Array.of(Number.parseInt(fallback[1], 16)) : bytesOfToken(token)
}
