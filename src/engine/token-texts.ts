import type { Draw } from '../core/batch'
import { tokenBytes } from '../tokenizer/token-bytes'
import type { Tokenizer } from '../tokenizer/tokenizer'
import type { ScoredToken, TokenLogprob } from './generation'

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Says of a sequence's drawn tokens, one after another, and of those likeliest in their place, what they add to its text. */
export class TokenTexts {
  /** The last visible token, with which the next may share a character or a space. */
  #previous: number | undefined

  constructor(readonly tokenizer: Pick<Tokenizer, 'decode' | 'isVisible' | 'token'>) {}

  next({ tokenId, logprob = 0, topLogprobs = [] }: Draw): TokenLogprob {
    const scored = this.#scored({ tokenId, logprob })
    const top = topLogprobs.map(each => this.#scored(each))
    if (this.tokenizer.isVisible(tokenId)) this.#previous = tokenId
    return { ...scored, topLogprobs: top }
  }

  #scored({ tokenId, logprob }: { readonly tokenId: number; readonly logprob: number }): ScoredToken {
    const bytes = tokenBytes(this.tokenizer, tokenId, this.#previous)
    const isVisible = this.tokenizer.isVisible(tokenId)
    const text = isVisible ? UTF8.decode(bytes) : this.tokenizer.decode([tokenId], { skipSpecialTokens: false })
    return { tokenId, logprob, text, bytes: [...bytes] }
  }
}
