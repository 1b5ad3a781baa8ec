import type { Work } from '../core/work'
import type { Vocabulary } from '../grammar/mask/vocabulary'
import { tokenBytes } from '../tokenizer/token-bytes'
import type { Tokenizer } from '../tokenizer/tokenizer'

/** The bytes of a model's tokens as they stand within a text. */
export function* readVocabulary(tokenizer: Tokenizer, vocabSize: number): Work<Vocabulary> {
  const before = someToken(tokenizer)
  const bytes: Uint8Array[] = []
  const specialIds: number[] = []
  const all = tokenizer.withSpecialTokens
  for (let id = 0; id < Math.min(vocabSize, tokenizer.vocabSize); id++) {
    if (!tokenizer.isVisible(id)) specialIds.push(id)
    bytes.push(tokenBytes(all, id, before))
    if (id % 64 === 0) yield
  }
  return { size: vocabSize, bytes, specialIds }
}

/** A token that can stand before any other: one of a plain letter. */
function someToken(tokenizer: Tokenizer): number | undefined {
  return ['a', 'e', '▁a', 'Ġa'].map(token => tokenizer.tokenId(token)).find(id => id !== undefined)
}
