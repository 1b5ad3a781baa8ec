import sprout from '../../public/models/sprout/tokenizer.json'
import { byteLevelKinds } from './byte-level-kinds'
import type { Kind } from './kind'
import { sentencePieceKinds } from './sentence-piece-kinds'

export const kinds: readonly Kind[] = [
  ...byteLevelKinds,
  ...sentencePieceKinds,
  { name: 'the embedded model', json: sprout },
]
