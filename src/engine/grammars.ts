import type { ModelConfig } from '../core/model-config'
import type { Work } from '../core/work'
import { Grammars } from '../grammar/grammars'
import type { Tokenizer } from '../tokenizer/tokenizer'
import { readVocabulary } from './vocabulary'

/** The grammars over a model's vocabulary: what is loaded when a call first asks for structured outputs. */
export function* readGrammars(tokenizer: Tokenizer, { vocabSize, eosTokenIds }: ModelConfig): Work<Grammars> {
  return yield* Grammars.of(yield* readVocabulary(tokenizer, vocabSize), eosTokenIds)
}
