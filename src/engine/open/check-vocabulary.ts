import { CorruptCheckpoint } from '../../core/errors'
import type { ModelConfig } from '../../core/model-config'
import type { Tokenizer } from '../../tokenizer/tokenizer'

/** The share of a model's vocabulary by which its tokenizer's may be larger: published ones differ by some tokens for padding. */
const MAX_SHARE_BEYOND = 1 / 64

/**
 * Whether a tokenizer and a model, read from different files, belong together. Added tokens beyond the model's
 * vocabulary, as fine-tunes have them, fail only the prompts that contain one; but any text may come to any of the others,
 * and generation must be able to end.
 * @throws CorruptCheckpoint with both numbers
 */
export function checkVocabulary(
  { ordinaryVocabSize }: Pick<Tokenizer, 'ordinaryVocabSize'>,
  { vocabSize, eosTokenIds }: Pick<ModelConfig, 'vocabSize' | 'eosTokenIds'>,
): void {
  if (ordinaryVocabSize > vocabSize * (1 + MAX_SHARE_BEYOND)) {
    throw new CorruptCheckpoint(
      `The tokenizer's vocabulary has ${ordinaryVocabSize} tokens without those added to it, but the model's has ${vocabSize}. They are files of different models; get both from the same repository.`,
    )
  }
  if (eosTokenIds.length > 0 && eosTokenIds.every(id => id >= vocabSize)) {
    throw new CorruptCheckpoint(
      `The end-of-sequence token has the id ${eosTokenIds.join(' or ')}, but the model's vocabulary has ${vocabSize} tokens, so no text would end. Correct eos_token_id in generation_config.json or config.json.`,
    )
  }
}
