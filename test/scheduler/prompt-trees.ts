/** Prompts with prefixes in common, as sequences, and what computing them comes to. */
import { assert } from '../../src/core/assert'
import type { Priority } from '../../src/core/priority'
import type { Sequence } from '../../src/core/sequence'
import { RadixTree } from '../../src/kv/radix-tree'
import { COMMON, NOTHING, type Scope, type Share } from '../../src/kv/share'
import type { Random } from '../support/random'
import type { Drive } from './drive'
import { expectedTokens, promptOf, sequence } from './simulated-gpu'

/** Prompts that are paths of a random tree: runs of 1 to 40 tokens, few different ones at each fork. */
export function randomPrompts(random: Random, count: number): number[][] {
  return Array.from({ length: count }, () => {
    const prompt: number[] = []
    for (let level = random.int(0, 4); level >= 0; level--) {
      const run = random.int(0, 3)
      prompt.push(...promptOf(7 * prompt.length + run, 1 + ((prompt.length + 13 * run) % 40)))
    }
    return prompt
  })
}

export function sequences(random: Random, prompts: readonly number[][], first = 0, priority?: Priority): Sequence[] {
  return prompts.map((prompt, index) => {
    const presencePenalty = random.next() < 0.2 ? 1 : 0
    const params = { ignoreEos: random.next() < 0.5, presencePenalty }
    return sequence(first + index, prompt, prompt.length + random.int(1, 40), params, priority)
  })
}

/** Of each kind one, and the common one more often. */
export const SCOPES: readonly Scope[] = [
  COMMON,
  COMMON,
  { name: 'adapter', remembers: true },
  { name: 'plan', remembers: false },
]

/** Everything but the last token, which must be computed to draw from. */
export function all(prompt: readonly number[]): Share {
  return { scope: COMMON, numTokens: prompt.length - 1 }
}

/** What the prompts share: a tree of single tokens, each prompt's last one not in it. */
function treeOf(prompts: readonly number[][]): RadixTree<undefined> {
  const tree = new RadixTree<undefined>(
    () => undefined,
    () => undefined,
  )
  for (const prompt of prompts) tree.insert(prompt, prompt.length - 1)
  return tree
}

/** Tokens that must be computed if every shared token is computed once. */
export function treeTokens(prompts: readonly number[][]): number {
  return [...treeOf(prompts).root.below()].reduce((sum, node) => sum + node.numTokens, prompts.length)
}

/** The most runs on a path. */
export function treeLevels(prompts: readonly number[][]): number {
  return Math.max(...[...treeOf(prompts).root.below()].map(node => [...node.path()].length))
}

export function checkOutput(sequence: Sequence): void {
  const expected = expectedTokens(sequence)
  assert(`${sequence.tokens}` === `${expected}`, () => `sequence ${sequence.id}: ${sequence.tokens}, alone ${expected}`)
}

/** How sequences come to share: planned before they run, through what is there when their turn comes, or not at all. */
export const MODES = ['planned', 'cached', 'unshared'] as const

/** Runs prompts that share prefixes; checks that each gets its own tokens and nobody is preempted. Returns the tokens saved. */
export function runSharing(drive: Drive, random: Random, mode: (typeof MODES)[number]): number {
  const added = sequences(random, randomPrompts(random, 14))
  for (const each of added) {
    if (mode === 'planned') drive.addSharing(each, all(each.tokens))
    else if (mode === 'cached') drive.add(each)
    else drive.addSharing(each, NOTHING)
  }
  drive.drain(drive.depth)
  drive.sequences.forEach(checkOutput)
  const { preemptions, savedTokens, prefillTokens } = drive.scheduler.stats
  assert(preemptions === 0, `${preemptions} were preempted`)
  const promptTokens = added.reduce((sum, { promptLen }) => sum + promptLen, 0)
  assert(savedTokens + prefillTokens === promptTokens, `${savedTokens} + ${prefillTokens} of ${promptTokens}`)
  return savedTokens
}
