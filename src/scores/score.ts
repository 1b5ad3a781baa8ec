import type { CallOptions, Engine, GenerateOptions } from '../engine/interface'
import type { Prompt } from '../engine/prompt'
import { CandidateTree } from './candidate-tree'
import { type Candidate, CandidateReader, type Continuations } from './continuations'

export interface ScoreOptions extends CallOptions, Pick<GenerateOptions, 'priority'> {}

/** How likely a candidate is after its prompt. */
export interface CandidateScore {
  /** Natural log-probability of the whole candidate: the sum of those of its tokens. */
  readonly logprob: number
  /** The candidate's tokens, from the first that follows what all candidates have in common with the prompt. */
  readonly tokenIds: readonly number[]
  /** [tokenIds] Of each token, after the prompt and the tokens before it. */
  readonly logprobs: readonly number[]
}

/**
 * The log-probabilities of candidates that may follow a prompt, exact in the model's arithmetic: not by generating, but from one pass over
 * the tree of all their tokens, in which the prompt is computed once.
 * @returns one for each candidate, in their order
 * @throws InvalidRequest for no candidates, or one that adds no token · Disposed · DeviceLost · the signal's reason
 */
export async function score(
  engine: Engine,
  prompt: Prompt,
  candidates: readonly Candidate[],
  options: ScoreOptions = {},
): Promise<CandidateScore[]> {
  const [scores] = await scoreEach(
    engine,
    [await new CandidateReader(engine, options).read(prompt, candidates)],
    options,
  )
  return scores
}

/** The same of many prompts at once, each with its candidates. [items][candidates] @throws what `score` throws */
export async function scoreEach(
  engine: Engine,
  items: readonly Continuations[],
  { signal, priority }: ScoreOptions = {},
): Promise<CandidateScore[][]> {
  const trees = items.map(({ prefix, candidates }) => new CandidateTree(prefix, candidates))
  const prompts = trees.flatMap(tree => tree.prompts.map((prompt, index) => ({ ...prompt, tree, index })))
  const params = prompts.map(({ scored }) => ({ maxTokens: 1, ignoreEos: true, scored }))
  const generation = engine.generate(
    prompts.map(({ tokens }) => tokens),
    params,
    { signal, priority },
  )
  for await (const { index, scores = [], error } of generation) {
    if (error) throw error
    prompts[index].tree.take(prompts[index].index, scores)
  }
  return items.map(({ candidates }, item) =>
    candidates.map((tokenIds, candidate) => {
      const logprobs = trees[item].logprobsOf(candidate)
      return { tokenIds, logprobs, logprob: logprobs.reduce((sum, logprob) => sum + logprob, 0) }
    }),
  )
}
