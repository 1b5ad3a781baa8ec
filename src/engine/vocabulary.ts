import type { Work } from '../core/work'
import type { Vocabulary } from '../grammar/mask/vocabulary'
import { tokenBytes } from '../tokenizer/token-bytes'
import type { Tokenizer } from '../tokenizer/tokenizer'

/** The bytes of a model's tokens as they stand within a text; none of those that the text goes without. */
export function* readVocabulary(tokenizer: Tokenizer, vocabSize: number): Work<Vocabulary> {
  const before = someToken(tokenizer)
  const bytes: Uint8Array[] = []
  for (let id = 0; id < Math.min(vocabSize, tokenizer.vocabSize); id++) {
    bytes.push(tokenBytes(tokenizer, id, before))
    if (id % 64 === 0) yield
  }
  return { size: vocabSize, bytes }
}

/** A token that can stand before any other: one of a plain letter. */
function someToken(tokenizer: Tokenizer): number | undefined {
  return ['a', 'e', '▁a', 'Ġa'].map(token => tokenizer.tokenId(token)).find(id => id !== undefined)
}
