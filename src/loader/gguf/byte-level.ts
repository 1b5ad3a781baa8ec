import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import { briefValue, type Metadata } from './metadata'
import type { TokenizerParts } from './tokenizer-parts'

/** A way to split texts into words, which merges do not cross. */
interface Split {
  readonly normalizer?: JsonObject
  readonly steps: readonly JsonObject[]
  /** Whether a word that is a token becomes that token, whatever merges give. */
  readonly ignoreMerges?: boolean
  readonly addsBos?: boolean
}

/** Byte-level BPE (GPT-2): bytes written as characters; with GPT-2's words, unless an earlier step has made others. */
const byteLevelStep = (usesGpt2Words: boolean) => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: usesGpt2Words,
})

const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })
const bytes = byteLevelStep(false)

/** cl100k (tiktoken) and its descendants, which differ in how many digits make a word. */
const words = (digits: string) =>
  split(
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  )

/** o200k (tiktoken) and its descendants, whose words begin where lower case turns to upper. */
const casedWords = (contraction: string, digits: string) =>
  split(
    [
      String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+${contraction}`,
      String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*${contraction}`,
      digits,
      String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ].join('|'),
  )

const ONE_DIGIT = String.raw`\p{N}`
const THREE_DIGITS = String.raw`\p{N}{1,3}`
const NFC = { type: 'NFC' }

const GPT_2: Split = { steps: [byteLevelStep(true)] }
const STARCODER: Split = { steps: [{ type: 'Digits', individual_digits: true }, byteLevelStep(true)] }
const CL100K: Split = { steps: [words(THREE_DIGITS), bytes] }
const LLAMA_3: Split = { ...CL100K, ignoreMerges: true, addsBos: true }
const QWEN_2: Split = { normalizer: NFC, steps: [words(ONE_DIGIT), bytes] }

const DEEPSEEK_3: Split = {
  steps: [
    split(THREE_DIGITS),
    split('[一-龥぀-ゟ゠-ヿ]+'),
    split(
      String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_\x60{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ),
    bytes,
  ],
}

/** Splits by the names that llama.cpp gives them: all for which a tokenizer.json is known. */
const SPLITS: ReadonlyMap<string | undefined, Split> = new Map([
  ['gpt-2', GPT_2],
  ['phi-2', GPT_2],
  ['olmo', { ...GPT_2, normalizer: NFC }],
  ['mpt', { ...GPT_2, normalizer: NFC }],
  ['smollm', STARCODER],
  ['starcoder', STARCODER],
  ['refact', STARCODER],
  ['dbrx', CL100K],
  ['smaug-bpe', CL100K],
  ['llama-bpe', LLAMA_3],
  ['llama3', LLAMA_3],
  ['llama-v3', LLAMA_3],
  ['qwen2', QWEN_2],
  ['deepseek-r1-qwen', QWEN_2],
  ['tekken', { steps: [casedWords('', ONE_DIGIT), bytes], ignoreMerges: true, addsBos: true }],
  ['gpt-4o', { steps: [casedWords("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", THREE_DIGITS), bytes] }],
  ['deepseek-v3', DEEPSEEK_3],
])

/** The parts of a byte-level BPE. @throws UnsupportedModel for a split that is not known, by its name */
export function byteLevel(metadata: Metadata): TokenizerParts {
  const name = metadata.text('tokenizer.ggml.pre')
  const split = SPLITS.get(name)
  if (!split) {
    const advice =
      name === undefined || name === 'default'
        ? ' The file is from a converter that did not know the tokenizer; look for a newer file of the model.'
        : ''
    throw new UnsupportedModel(
      `${metadata.file}: tokenizer.ggml.pre is ${briefValue(name)}; supported are ${[...SPLITS.keys()].join(', ')}.${advice}`,
    )
  }
  return {
    // the default BOS is a token like others: only a file that says so gets it before its texts
    addsBos: (split.addsBos ?? false) && metadata.values.has('tokenizer.ggml.bos_token_id'),
    normalizer: split.normalizer ?? null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: split.steps },
    decoder: byteLevelStep(true),
    model: { ignore_merges: split.ignoreMerges ?? false, merges: readMerges(metadata) },
  }
}

/** Pairs of tokens, the first merged first. The file has them as `first second`; tokens hold no spaces. */
function readMerges(metadata: Metadata): [string, string][] {
  return metadata.texts('tokenizer.ggml.merges').map((merge, index) => {
    const parts = merge.split(' ')
    if (parts.length === 2) return [parts[0], parts[1]]
    throw new CorruptCheckpoint(`${metadata.file}: merge ${index} is ${briefValue(merge)}, which is not two tokens.`)
  })
}
