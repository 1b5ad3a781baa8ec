import { type Budget, MAX_CALLS } from './budget'
import { TemplateError } from './template-error'

/** One rendering of a template: what it has written, and what it may still do. */
export class Run {
  readonly budget: Budget
  /** The text that the innermost block writes to. */
  out = ''
  /** The text that a filter block, or a `set` block with filters, has been given. */
  captured = ''
  #calls = 0

  constructor(budget: Budget) {
    this.budget = budget
  }

  write(text: string): undefined {
    this.budget.characters(text.length)
    this.out += text
  }

  /** The text that `work` writes, kept apart from the rest. */
  capture(work: () => void): string {
    if (++this.#calls > MAX_CALLS) throw new TemplateError('limit', `It calls more than ${MAX_CALLS} levels deep.`)
    const before = this.out
    this.out = ''
    work()
    const written = this.out
    this.out = before
    this.#calls--
    return written
  }
}
