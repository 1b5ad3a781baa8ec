import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import type { JsonObject } from '../json'
import { briefValue, type Metadata } from './metadata'
import type { TokenizerParts } from './tokenizer-parts'

/** How texts are split into words, which merges do not cross. */
interface Split {
  readonly normalizer?: JsonObject
  readonly steps: readonly JsonObject[]
  /** A word that is a token is that token, whatever merges give. */
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

/** The words of cl100k (tiktoken) and its descendants, which differ in how many digits make a word. */
const words = (digits: string) => ({
  type: 'Split',
  pattern: {
    Regex: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  },
  behavior: 'Isolated',
  invert: false,
})

const LLAMA_3: Split = {
  steps: [words(String.raw`\p{N}{1,3}`), byteLevelStep(false)],
  ignoreMerges: true,
  addsBos: true,
}

/** Splits by the names that llama.cpp gives them; those whose tokenizer.json we know. */
const SPLITS: ReadonlyMap<string | undefined, Split> = new Map([
  ['gpt-2', { steps: [byteLevelStep(true)] }],
  ['smollm', { steps: [{ type: 'Digits', individual_digits: true }, byteLevelStep(true)] }],
  ['llama-bpe', LLAMA_3],
  ['llama3', LLAMA_3],
  ['llama-v3', LLAMA_3],
  ['qwen2', { normalizer: { type: 'NFC' }, steps: [words(String.raw`\p{N}`), byteLevelStep(false)] }],
])

/** @throws UnsupportedModel for a split that is not known, by its name */
export function byteLevel(metadata: Metadata): TokenizerParts {
  const name = metadata.text('tokenizer.ggml.pre')
  const split = SPLITS.get(name)
  if (!split) {
    throw new UnsupportedModel(
      `${metadata.file}: tokenizer.ggml.pre is ${briefValue(name)}; supported are ${[...SPLITS.keys()].join(', ')}.`,
    )
  }
  return {
    addsBos: split.addsBos ?? false,
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
