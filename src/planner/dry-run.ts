import { BLOCK_LEN, blocksFor } from '../core/block'
import type { Work } from '../core/work'
import type { PlannedPrompt } from './planned-prompt'
import { type Run, runOfEach } from './run'
import { Timeline } from './timeline'

/** `tokenBudget`: most tokens in a step. `numBlocks`: of the KV cache. */
export interface Limits {
  readonly tokenBudget: number
  readonly numBlocks: number
}

/** The most blocks in use at once, and the steps until all is done. */
export interface Schedule {
  readonly peakBlocks: number
  readonly estimatedSteps: number
}

/** The steps of a prompt from its admission in `start` to its last token. */
interface Course {
  readonly start: number
  /** The step that computes the last token of the prompt and draws its first output. */
  readonly firstDraw: number
  /** Tokens that the budget leaves for others in step `firstDraw`. */
  readonly room: number
  /** Steps in which it runs. */
  readonly numSteps: number
}

/**
 * The steps that the schedule of a plan takes if every prompt generates just the tokens expected. Prompts run in order. A step
 * has one token for each running decode; the rest of its budget is for prompts. A prompt is admitted in the first step
 * from which it and all running ones fit into the blocks until they end, so that none is ever preempted: S-LoRA's
 * admission (arXiv:2311.03285), here exact block by block. A run is computed once; its blocks count while one of its
 * prompts runs, and between two of them it stays cached at no cost. A prompt too long for the cache runs alone.
 *
 * Nothing that comes later delays a prompt once it is admitted, so its whole course is known then, and no events need
 * be simulated. Linear in steps and generated tokens: where blocks are short, a prompt is tried about twice.
 */
export function* dryRun(
  order: readonly number[],
  prompts: readonly PlannedPrompt[],
  root: Run,
  limits: Limits,
): Work<Schedule> {
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.tokens.length + numOutputs(prompt)), 0)
  const simulation = new Simulation(root, limits, longest)
  const runs = runOfEach(root)
  for (const index of order) {
    simulation.run(prompts[index], runs[index])
    yield
  }
  const { peakBlocks, estimatedSteps } = simulation
  return { peakBlocks, estimatedSteps }
}

class Simulation {
  peakBlocks = 0
  estimatedSteps = 0
  readonly #limits: Limits
  /** The step being filled, and the tokens that its budget still admits. */
  #step = 0
  #room: number
  readonly #decodes: Timeline
  readonly #blocks: Timeline
  /** The tokens for which the prompt at hand adds to the blocks in use, in each step of its course. */
  readonly #newTokens: Int32Array
  /** The last step in which a prompt of a run runs; absent until the run is computed. Never later than its parent's. */
  readonly #heldUntil: Map<Run, number>

  constructor(root: Run, limits: Limits, maxSteps: number) {
    this.#limits = limits
    this.#room = limits.tokenBudget
    this.#decodes = new Timeline(maxSteps)
    this.#blocks = new Timeline(maxSteps)
    this.#newTokens = new Int32Array(maxSteps)
    this.#heldUntil = new Map([[root, Number.POSITIVE_INFINITY]])
  }

  run(prompt: PlannedPrompt, run: Run): void {
    let course = this.#course(prompt, run)
    for (let start = this.#earliestStart(course); start > course.start; start = this.#earliestStart(course)) {
      this.#enter(start)
      course = this.#course(prompt, run)
    }
    this.#admit(course, run)
  }

  #enter(step: number): void {
    this.#step = step
    this.#decodes.forgetBefore(step)
    this.#blocks.forgetBefore(step)
    this.#room = this.#limits.tokenBudget - this.#decodes.at(step)
  }

  #course(prompt: PlannedPrompt, run: Run): Course {
    const start = this.#step
    let firstDraw = start
    let room = this.#room
    let left = prompt.tokens.length - this.#deepest(run, 0).end
    for (; left > room; room = this.#limits.tokenBudget - this.#decodes.at(firstDraw)) {
      left -= room
      firstDraw++
    }
    const numSteps = firstDraw + numOutputs(prompt) - start
    let held = run
    for (let index = 0; index < numSteps; index++) {
      held = this.#deepest(held, start + index)
      // the block in which a run ends is copied, only full ones are taken over
      const inHeldBlocks = held.end - (held.end % BLOCK_LEN)
      this.#newTokens[index] = prompt.tokens.length + Math.max(0, start + index - firstDraw) - inHeldBlocks
    }
    return { start, firstDraw, room: room - left, numSteps }
  }

  /** The run, or the nearest above it, that is computed and in use up to `step` at least. */
  #deepest(run: Run, step: number): Run {
    let deepest = run
    while (deepest.parent && (this.#heldUntil.get(deepest) ?? -1) < step) deepest = deepest.parent
    return deepest
  }

  /** A step before which the prompt cannot be admitted; `course.start` if it can be there. */
  #earliestStart({ start, firstDraw, numSteps }: Course): number {
    let earliest = this.#room > 0 ? start : start + 1
    for (let index = 0; index < numSteps; index++) {
      const step = start + index
      const tokens = this.#newTokens[index]
      const others = this.#blocks.at(step)
      const room = (this.#limits.numBlocks - others) * BLOCK_LEN
      if (tokens <= room || others === 0) continue
      // With each step that it starts later it has fed back one token less by then, but its prompt it must hold.
      const promptFits = tokens - Math.max(0, step - firstDraw) <= room
      earliest = Math.max(earliest, promptFits ? start + tokens - room : step + 1)
    }
    return earliest
  }

  #admit({ start, firstDraw, room, numSteps }: Course, run: Run): void {
    const end = start + numSteps
    for (let step = start; step < end; step++) {
      this.#blocks.add(step, blocksFor(this.#newTokens[step - start]))
      this.peakBlocks = Math.max(this.peakBlocks, this.#blocks.at(step))
      if (step > firstDraw) this.#decodes.add(step, 1)
    }
    for (const each of run.path()) this.#heldUntil.set(each, Math.max(this.#heldUntil.get(each) ?? 0, end - 1))
    this.estimatedSteps = Math.max(this.estimatedSteps, end)
    this.#enter(firstDraw)
    this.#room = room
  }
}

/** Estimates are means; a prompt that runs draws a token at least. */
function numOutputs({ outputTokens }: PlannedPrompt): number {
  return Math.max(1, Math.ceil(outputTokens))
}
