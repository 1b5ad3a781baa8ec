import { CODE, LANGUAGES } from './corpus'

/** A tokenizer in the way that some family of models has it. */
export interface Kind {
  readonly name: string
  readonly json: Readonly<Record<string, unknown>>
  readonly config?: Readonly<Record<string, unknown>>
  /** What encoding and decoding makes of a text: itself unless said otherwise. Null: no simple thing. */
  readonly normalize?: ((text: string) => string) | null
}

/** Texts from which merges are learnt. */
export const TRAINING = [
  ...LANGUAGES,
  ...CODE,
  ...CODE,
  "\n\n\t\t  1234567 12 345 \u0665\u0666 ...!!! I'll 'LL(a.\n\n \ufeff\ufeff",
]
export const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
export const special = (content: string, id: number) => ({ ...flags, id, content, special: true })

/** The post-processor that begins texts with a token. */
export const begin = (content: string, id: number) => ({
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } },
})
