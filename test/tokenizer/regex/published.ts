const LETTERS = String.raw`\p{Lm}\p{Lo}\p{M}`
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const NO_HAN = '&&[^\\p{Han}]'
const REST = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`
const cased = (and: string) => {
  const lower = `[\\p{Ll}${LETTERS}${and}]`
  const upper = `[\\p{Lu}\\p{Lt}${LETTERS}${and}]`
  const before = String.raw`[^\r\n\p{L}\p{N}]?`
  return `${before}${upper}*${lower}+${CONTRACTION}?|${before}${upper}+${lower}*${CONTRACTION}?`
}

/** Patterns of published tokenizer.json files. */
export const PUBLISHED: readonly (readonly [model: string, pattern: string])[] = [
  ['GPT-2', String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`],
  ['Llama 3', String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${REST}`],
  ['Qwen', String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${REST}`],
  [
    'cl100k as tiktoken has it',
    String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
  ],
  ['o200k', String.raw`${cased('')}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${REST}`],
  ['Kimi K2', String.raw`[\p{Han}]+|${cased(NO_HAN)}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|${REST}`],
  [
    'DeepSeek V3',
    String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_\x60{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${REST}`,
  ],
  ['BLOOM', String.raw` ?[^(\s|[.,!?…。，、।۔،])]+`],
]
