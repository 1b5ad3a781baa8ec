import { InvalidRequest } from '../core/errors'
import type { Engine } from '../engine/interface'
import { CandidateReader } from './continuations'
import { type ScoreOptions, scoreEach } from './score'

export interface RankOptions extends ScoreOptions {
  /** What makes a document relevant. Default: that of web search. */
  readonly instruction?: string
}

/** A document by its place among those given, and how relevant it is. */
export interface RankedDocument {
  readonly index: number
  /** From 0 to 1: the probability of "yes" against "no". */
  readonly score: number
}

const TASK =
  'Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be "yes" or "no".'
const WEB_SEARCH = 'Given a web search query, retrieve relevant passages that answer the query'

/**
 * Ranks documents for a query by a model that was trained to say yes or no (Qwen3-Reranker's prompt, as its card has it). What comes before
 * the documents, instruction and query, is computed once.
 * @returns all documents, the most relevant first
 * @throws InvalidRequest for no documents, or a model without a chat template · Disposed · DeviceLost · the signal's reason
 */
export async function rank(
  engine: Engine,
  query: string,
  documents: readonly string[],
  { instruction = WEB_SEARCH, ...options }: RankOptions = {},
): Promise<RankedDocument[]> {
  if (!Array.isArray(documents) || documents.length === 0) {
    throw new InvalidRequest('There are no documents to rank; give at least one text.')
  }
  const reader = new CandidateReader(engine, options)
  const items = await Promise.all(
    documents.map(document => {
      const content = `<Instruct>: ${instruction}\n<Query>: ${query}\n<Document>: ${document}`
      const messages = [
        { role: 'system', content: TASK },
        { role: 'user', content },
      ]
      // the card's prompt ends with thinking that is over, as the template of the model's family writes it
      const prompt = { messages, templateVariables: { enable_thinking: false } }
      return reader.read(prompt, ['yes', 'no'])
    }),
  )
  const scores = await scoreEach(engine, items, options)
  const ranked = scores.map(([yes, no], index) => ({ index, score: 1 / (1 + Math.exp(no.logprob - yes.logprob)) }))
  return ranked.sort((a, b) => b.score - a.score || a.index - b.index)
}
