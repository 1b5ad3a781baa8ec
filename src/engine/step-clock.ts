/** Where the step loop's time goes, in milliseconds of its thread. Whoever watches takes time of its own. */
export interface StepTimes {
  /** Steps are decided. */
  readonly schedule: number
  /** Their inputs are laid out, attention plans and block tables among them. */
  readonly plan: number
  /** Dispatches are recorded. */
  readonly encode: number
  /** They are uploaded and submitted. */
  readonly submit: number
  /** Nothing is done: draws are still on their way. */
  readonly wait: number
  /** Draws are appended and sequences ended. */
  readonly account: number
  /** Tokens become text, and results are handed out. */
  readonly deliver: number
}

/** Attributes time to phases as they end. A page's clock may be coarse; the sums of many steps are right all the same. */
export class StepClock {
  readonly times: { -readonly [phase in keyof StepTimes]: number } = {
    schedule: 0,
    plan: 0,
    encode: 0,
    submit: 0,
    wait: 0,
    account: 0,
    deliver: 0,
  }
  #last = 0

  start(): void {
    this.#last = performance.now()
  }

  /** Counts the time since the last call as that of `phase`. */
  end(phase: keyof StepTimes): void {
    const now = performance.now()
    this.times[phase] += now - this.#last
    this.#last = now
  }
}
