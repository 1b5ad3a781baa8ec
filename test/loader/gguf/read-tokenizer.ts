import { parseHeader } from '../../../src/loader/gguf/header'
import { ggufTokenizer, type TokenizerFiles } from '../../../src/loader/gguf/tokenizer'
import { Tokenizer } from '../../../src/tokenizer/tokenizer'
import { type Field, writeGguf } from './write-gguf'

/** What a GGUF file with these fields says of its tokenizer. */
export function tokenizerFiles(fields: readonly Field[]): TokenizerFiles {
  return ggufTokenizer(parseHeader(writeGguf({ fields, tensors: [] }), 'model.gguf').metadata)
}

export function readTokenizer(fields: readonly Field[]): Tokenizer {
  const { tokenizer, tokenizerConfig } = tokenizerFiles(fields)
  return new Tokenizer(tokenizer, tokenizerConfig)
}
