import {
  ByteFallbackDecoder,
  ByteLevelDecoder,
  type Decoder,
  ReplaceDecoder,
  SequenceDecoder,
} from '@huggingface/tokenizers'
import type { JsonObject } from '../core/json'
import { bytesOfToken } from './byte-chars'
import { replacer } from './normalizer'

/** Replaces the steps that version 0.2.0 of the library decodes otherwise than its authors' Rust library. */
export function correctDecoder(decoder: Decoder | null): void {
  if (decoder instanceof SequenceDecoder) decoder.decoders.forEach(correctDecoder)
  // the library drops U+FEFF where a text has it as three byte tokens
  if (decoder instanceof ByteFallbackDecoder) decoder.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  // it looks for every token in a list of all that were added
  if (decoder instanceof ByteLevelDecoder) decoder.decode_chain = tokens => [byteText(tokens)]
  // it reads patterns as JavaScript, and $ in what it writes
  if (decoder instanceof ReplaceDecoder) {
    const replace = replacer(decoder.config as unknown as JsonObject)
    decoder.decode_chain = tokens => tokens.map(token => replace(token, Number.POSITIVE_INFINITY))
  }
}

function byteText(tokens: readonly string[]): string {
  const bytes = tokens.map(bytesOfToken)
  const all = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const each of bytes) {
    all.set(each, at)
    at += each.length
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(all)
}
