/** The circumstances of a figure, without which it means nothing. */
export interface Environment {
  /** Date of the measurement, ISO 8601. */
  readonly date: string
  /** Name of what gave WebGPU, with its version. */
  readonly runtime: string
  /** The processor and how many cores it has. */
  readonly host: string
  readonly model: string
  /** The command line's options. */
  readonly flags: string
}
