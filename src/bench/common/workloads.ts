import type { ChatShape, Shape, TreeShape } from './shapes'

export interface Request {
  /** Token ids of the prompt. */
  readonly tokens: readonly number[]
  /** Tokens to generate, also beyond an end of text, so that counts are exact. */
  readonly maxTokens: number
}

/** Generated tokens, `[turns so far][requests][tokens]`. */
export type Answers = readonly (readonly (readonly number[])[])[]

export interface Seed {
  readonly seed: number
  readonly vocabSize: number
}

/** Calls to the engine that a shape takes; all but a chat's are one. */
export function numTurns(shape: Shape): number {
  return shape.kind === 'chat' ? shape.turns : 1
}

/** Prompts of the next turn. The same seed gives the same prompts, two seeds share no block. */
export function requests(shape: Shape, seed: Seed, answers: Answers = []): Request[] {
  return shape.kind === 'chat' ? chatTurn(shape, seed, answers) : leaves(shape, seed)
}

/** The leaves' prompts in seeded disorder: those of a job do not arrive group by group. */
function leaves({ levels, out }: TreeShape, seed: Seed): Request[] {
  const source = tokenSource(seed)
  let paths: (readonly number[])[] = [[]]
  for (const { fanout, tokens } of levels) {
    paths = paths.flatMap(path => siblings(source, fanout, tokens).map(own => [...path, ...own]))
  }
  for (let last = paths.length - 1; last > 0; last--) {
    const other = source.below(last + 1)
    ;[paths[last], paths[other]] = [paths[other], paths[last]]
  }
  return paths.map(tokens => ({ tokens, maxTokens: out }))
}

function chatTurn({ users, system, message, out }: ChatShape, seed: Seed, answers: Answers): Request[] {
  const source = tokenSource(seed)
  const [shared] = siblings(source, 1, system)
  let histories: (readonly number[])[] = Array.from({ length: users }, () => shared)
  for (let turn = 0; turn <= answers.length; turn++) {
    const messages = siblings(source, users, message)
    const before = turn === 0 ? [] : answers[turn - 1]
    histories = histories.map((history, user) => [...history, ...(before[user] ?? []), ...messages[user]])
  }
  return histories.map(tokens => ({ tokens, maxTokens: out }))
}

interface TokenSource {
  readonly vocabSize: number
  /** A random integer in [0, bound). */
  below(bound: number): number
}

/** Random runs, `[count][length]`, that differ in their first token, so that they share nothing by chance. */
function siblings({ vocabSize, below }: TokenSource, count: number, length: number): number[][] {
  const first = below(vocabSize)
  return Array.from({ length: count }, (_, index) =>
    Array.from({ length }, (_, position) => (position === 0 ? (first + index) % vocabSize : below(vocabSize))),
  )
}

/** Marsaglia's xorshift, 32 bits: fast, and random enough for tokens that nobody reads. */
function tokenSource({ seed, vocabSize }: Seed): TokenSource {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1
  const below = (bound: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
  return { vocabSize, below }
}
