import { sorted } from '../core/sorted'
import type { Work } from '../core/work'
import type { PlannedPrompt } from './planned-prompt'
import type { Run } from './run'

export const ORDERS = ['fcfs', 'ratio', 'dual'] as const

/**
 * 'fcfs': as they came. 'ratio': those with most output per prompt token to compute first, so that their decodes go
 * with the prefills of all others (BatchLLM, arXiv:2412.03594 §4). 'dual': from both ends of that order, so that
 * decode-heavy and prefill-heavy work stay mixed in the same proportion all along (in the spirit of BlendServe,
 * arXiv:2411.16102).
 */
export type Order = (typeof ORDERS)[number]

/** A prompt, or a run with all that waits below it. */
interface Part {
  /** The lowest index of its prompts. */
  readonly index: number
  /** Some of its prompts wait no more, so the tokens of the run itself are computed already. */
  readonly isBegun: boolean
  /** Tokens that one of its prompts takes over from others at most. */
  readonly numTakeable: number
  /** Prompt tokens to compute before those of its parts. */
  readonly ownTokens: number
  /** Prompt tokens to compute in all. */
  readonly computeTokens: number
  readonly outputTokens: number
  /** The parts of a run in their order; none for a prompt. */
  readonly parts: readonly Part[]
}

/**
 * The prompts that wait, in the order in which they should run. Except for 'fcfs', the members of every run stay
 * together, so that a cache as large as the longest prompt suffices (depth first, as in SGLang, arXiv:2312.07104 §3),
 * and runs that are begun are finished first. May be called again whenever output lengths are better known.
 */
export function* orderPrompts(
  root: Run,
  prompts: readonly PlannedPrompt[],
  order: Order,
  waiting: readonly number[] = [...prompts.keys()],
): Work<number[]> {
  if (order === 'fcfs') return waiting.toSorted((a, b) => a - b)
  const job = yield* jobOf(root, prompts, new Set(waiting))
  const result: number[] = []
  let outputTokens = 0
  let computeTokens = 0
  const stack = [{ parts: job.parts, low: 0, high: job.parts.length }]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    if (top.low === top.high) {
      stack.pop()
      continue
    }
    const lacksOutput = outputTokens * job.computeTokens <= job.outputTokens * computeTokens
    const takesFirst = order === 'ratio' || lacksOutput || top.parts[top.low].isBegun
    const part = top.parts[takesFirst ? top.low++ : --top.high]
    computeTokens += part.ownTokens
    stack.push({ parts: part.parts, low: 0, high: part.parts.length })
    if (part.parts.length > 0) continue
    result.push(part.index)
    outputTokens += part.outputTokens
    yield
  }
  return result
}

/** The root's part. */
function* jobOf(root: Run, prompts: readonly PlannedPrompt[], waiting: ReadonlySet<number>): Work<Part> {
  const partOf = new Map<Run, Part>()
  let job = partOfPrompt(-1, { tokens: [], outputTokens: 0 }, 0)
  for (const run of root.preorder().toReversed()) {
    const below = run.children.flatMap(child => partOf.get(child) ?? [])
    const isBegun = below.some(part => part.isBegun) || run.prompts.some(index => !waiting.has(index))
    const parts = below.filter(part => part.parts.length > 0)
    for (const index of run.prompts) {
      if (waiting.has(index)) parts.push(partOfPrompt(index, prompts[index], run.end))
      yield
    }
    const ownTokens = isBegun ? 0 : run.numTokens
    job = {
      index: parts.reduce((lowest, { index }) => Math.min(lowest, index), Number.POSITIVE_INFINITY),
      isBegun,
      numTakeable: parts.reduce((least, { numTakeable }) => Math.min(least, numTakeable), Number.POSITIVE_INFINITY),
      ownTokens,
      computeTokens: parts.reduce((sum, part) => sum + part.computeTokens, ownTokens),
      outputTokens: parts.reduce((sum, part) => sum + part.outputTokens, 0),
      parts: yield* sorted(parts, firstIn(run)),
    }
    partOf.set(run, job)
  }
  return job
}

/** `begin`: tokens of it that others share. */
function partOfPrompt(index: number, prompt: PlannedPrompt, begin: number): Part {
  const { tokens, outputTokens, numTakeable = tokens.length } = prompt
  const ownTokens = tokens.length - begin
  return { index, isBegun: false, numTakeable, ownTokens, computeTokens: ownTokens, outputTokens, parts: [] }
}

/** Those that are begun, then those that compute the run's tokens in any case, since these are read in them, then the densest. */
function firstIn({ end }: Run): (a: Part, b: Part) => number {
  return (a, b) => {
    const byReads = Number(b.numTakeable < end) - Number(a.numTakeable < end)
    const byDensity = b.outputTokens * a.computeTokens - a.outputTokens * b.computeTokens
    return Number(b.isBegun) - Number(a.isBegun) || byReads || byDensity || a.index - b.index
  }
}
