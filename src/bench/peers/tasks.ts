import type { TreeShape } from '../common/shapes'
import { requests } from '../common/workloads'
import { FIRST_ID, VOCAB_SIZE } from './vocabulary'

/** A task: prompts that begin alike, and greedy answers of a fixed length. */
export interface PeerTask {
  /** Tokens that all prompts have in common; `own`: those of each prompt's own. */
  readonly shared: number
  readonly own: number
  readonly prompts: number
  readonly out: number
}

export const TASKS = {
  /** One prompt: the time to its first token, and decoding at batch 1. */
  single: { shared: 0, own: 256, prompts: 1, out: 33 },
  A: { shared: 256, own: 16, prompts: 16, out: 16 },
  B: { shared: 512, own: 32, prompts: 64, out: 32 },
} as const satisfies Readonly<Record<string, PeerTask>>

export type TaskName = keyof typeof TASKS

export const TASK_NAMES = Object.keys(TASKS) as TaskName[]

/** A short run of the same width, in which drivers compile what the task will use. */
export function warmUp(task: PeerTask): PeerTask {
  return { ...task, shared: Math.min(task.shared, 160), own: Math.min(task.own, 160), out: Math.min(task.out, 3) }
}

/** Prompts, `[prompts][tokens]`, the same for every engine; two seeds share nothing. */
export function promptsOf({ shared, own, prompts, out }: PeerTask, seed: number): number[][] {
  const levels = [
    { fanout: 1, tokens: shared },
    { fanout: prompts, tokens: own },
  ].filter(({ tokens }) => tokens > 0)
  const shape: TreeShape = { kind: 'tree', levels, out, timing: 'whole' }
  const vocabSize = VOCAB_SIZE - FIRST_ID
  return requests(shape, { seed, vocabSize }).map(({ tokens }) => tokens.map(token => token + FIRST_ID))
}
