import { InvalidRequest } from '../core/errors'
import type { CallOptions, Engine } from '../engine/interface'
import { chatOf, type Prompt } from '../engine/prompt'

/** Candidates as tokens that follow the same tokens. */
export interface Continuations {
  /** At least one token. */
  readonly prefix: readonly number[]
  /** [candidates] At least one token each. */
  readonly candidates: readonly (readonly number[])[]
}

/** A text that may follow, or its tokens. */
export type Candidate = string | readonly number[]

/** A text that candidates are put behind, to be read as one with it, and the tokens before that text. */
interface Joint {
  readonly before: readonly number[]
  readonly text: string
  readonly hasSpecialTokens: boolean
}

/** Tokens from the end of a chat among which its last special token is looked for. */
const MOST_TAIL = 32

/**
 * Reads candidates as what prompts go on with. Where the texts of both join, tokens may be others than those of the prompt alone ("a " and
 * "b" as "a", " b"), so texts are read as one, and all candidates scored from the first token in which any differs from the prompt: what
 * comes before is the same for all, and their probabilities can be compared. Nothing joins over a special token, so of a chat it is enough
 * to read what follows its last one, which is the same for chats of one form and read once.
 */
export class CandidateReader {
  readonly #engine: Engine
  readonly #signal: AbortSignal | undefined
  readonly #isSpecial = new Map<number, Promise<boolean>>()
  readonly #read = new Map<string, Promise<number[]>>()

  constructor(engine: Engine, { signal }: CallOptions = {}) {
    this.#engine = engine
    this.#signal = signal
  }

  /** @throws InvalidRequest for no candidates, one without tokens, or a prompt without any */
  async read(prompt: Prompt, candidates: readonly Candidate[]): Promise<Continuations> {
    checkCandidates(candidates)
    const tokens = await this.#engine.tokenize(prompt, { signal: this.#signal })
    const joint = await this.#jointOf(prompt, tokens)
    const whole = await Promise.all(candidates.map(candidate => this.#whole(tokens, candidate, joint)))
    const numCommon = whole.reduce((least, each) => Math.min(least, commonLength(tokens, each)), tokens.length)
    if (numCommon === 0) {
      throw new InvalidRequest(
        'The prompt has no token that all candidates follow, and this model has no begin-of-sequence token to start from. Give at least one token before them.',
      )
    }
    const same = whole.findIndex(({ length }) => length === numCommon)
    if (same >= 0) {
      throw new InvalidRequest(`Candidate ${same} adds no token to the prompt; there is nothing to score in it.`)
    }
    return { prefix: tokens.slice(0, numCommon), candidates: whole.map(each => each.slice(numCommon)) }
  }

  async #whole(tokens: readonly number[], candidate: Candidate, joint: Joint | undefined): Promise<readonly number[]> {
    if (typeof candidate !== 'string') return [...tokens, ...candidate]
    if (!joint) return [...tokens, ...(await this.#tokenize(candidate, false))]
    return [...joint.before, ...(await this.#tokenize(joint.text + candidate, joint.hasSpecialTokens))]
  }

  /** Undefined for tokens, and a chat whose text does not give its tokens. */
  async #jointOf(prompt: Prompt, tokens: readonly number[]): Promise<Joint | undefined> {
    if (typeof prompt === 'string') return { before: [], text: prompt, hasSpecialTokens: true }
    if (!chatOf(prompt)) return undefined
    const first = Math.max(0, tokens.length - MOST_TAIL)
    let at = tokens.length - 1
    while (at >= first && !(await this.#hasNoText(tokens[at]))) at--
    const begin = at < first ? 0 : at
    const text = await this.#engine.detokenize(tokens.slice(begin), { skipSpecialTokens: false })
    const again = await this.#tokenize(text, false)
    const isSame = again.length === tokens.length - begin && commonLength(again, tokens.slice(begin)) === again.length
    return isSame ? { before: tokens.slice(0, begin), text, hasSpecialTokens: false } : undefined
  }

  #hasNoText(tokenId: number): Promise<boolean> {
    const known = this.#isSpecial.get(tokenId) ?? this.#engine.detokenize([tokenId]).then(text => text === '')
    this.#isSpecial.set(tokenId, known)
    return known
  }

  #tokenize(text: string, addSpecialTokens: boolean): Promise<number[]> {
    const options = { addSpecialTokens, signal: this.#signal }
    // a text prompt is long, and each its own
    if (addSpecialTokens) return this.#engine.tokenize(text, options)
    const known = this.#read.get(text) ?? this.#engine.tokenize(text, options)
    this.#read.set(text, known)
    return known
  }
}

function checkCandidates(candidates: readonly Candidate[]): void {
  if (!Array.isArray(candidates) || candidates.length === 0) {
    throw new InvalidRequest('There are no candidates to score; give at least one, as a text or as token ids.')
  }
  const empty = candidates.findIndex(candidate => !candidate || candidate.length === 0)
  if (empty >= 0) throw new InvalidRequest(`Candidate ${empty} is empty; there is nothing to score in it.`)
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  let length = 0
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length++
  return length
}
