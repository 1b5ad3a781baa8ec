/** Token ids below are bytes; then come these two, then merges, then fillers. */
export const BEGIN_ID = 256
export const END_ID = 257

/** The character that stands for each byte in byte-level vocabularies (GPT-2's `bytes_to_unicode`). */
export const BYTE_CHARS = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
let next = 256
for (const [byte, char] of BYTE_CHARS.entries()) {
  if (!/[!-~¡-¬®-ÿ]/.test(char)) BYTE_CHARS[byte] = String.fromCharCode(next++)
}

/**
 * A tokenizer.json: byte-level BPE with `vocabSize` tokens. `merges` are pairs in the vocabulary's characters
 * (`['Ġ', 't']`), whose results get the ids from 258 on; tokens after them fill the vocabulary and are never encoded.
 */
export function byteLevelTokenizer(vocabSize: number, merges: readonly (readonly [string, string])[] = []) {
  const tokens = [...BYTE_CHARS, '<|begin|>', '<|end|>', ...merges.map(pair => pair.join(''))]
  if (vocabSize < tokens.length) throw new Error(`a vocabulary of ${vocabSize} cannot hold ${tokens.length} tokens`)
  for (let id = tokens.length; id < vocabSize; id++) tokens.push(`[${id}]`)
  const added = (id: number) => ({ id, content: tokens[id], special: true, normalized: false })
  return {
    version: '1.0',
    added_tokens: [added(BEGIN_ID), added(END_ID)],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  }
}

/** The tokenizer_config.json that goes with it. */
export const byteLevelTokenizerConfig = {
  bos_token: '<|begin|>',
  eos_token: '<|end|>',
  chat_template:
    "{% for message in messages %}{{ bos_token + message['role'] + '\\n' + message['content'] + eos_token + '\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ bos_token + 'assistant\\n' }}{% endif %}",
}
