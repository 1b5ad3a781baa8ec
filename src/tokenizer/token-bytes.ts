import { bytesOfToken } from './byte-chars'
import type { Tokenizer } from './tokenizer'

/** A byte for which a SentencePiece vocabulary has no piece. */
const FALLBACK = /^<0x([0-9A-F]{2})>$/i

/** What tokens decode to that do not hold whole characters. */
const REPLACEMENT = '\ufffd'

/**
 * The UTF-8 bytes that a token adds to a text; none if it is hidden. Those of all tokens joined are the text's, also
 * where a character is split between tokens. `previous`: the last visible token before it; undefined if there is none,
 * since the first token of a text may lose its leading space.
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

/** Of a token as it stands in the vocabulary, written in one of the two ways that can hold parts of characters. */
function rawBytes(token: string): Uint8Array {
  const fallback = FALLBACK.exec(token)
  return fallback ? Uint8Array.of(Number.parseInt(fallback[1], 16)) : bytesOfToken(token)
}
