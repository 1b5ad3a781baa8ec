/** The losses of devices that an engine bears within so many minutes: one more ends it. */
export interface Patience {
  readonly losses: number
  readonly minutes: number
}

/** A device that a step of ours makes the driver reset is lost each time, and each reset takes the user's screen along. */
export const PATIENCE: Patience = { losses: 3, minutes: 10 }
