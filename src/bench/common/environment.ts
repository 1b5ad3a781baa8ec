/** What a figure means nothing without. */
export interface Environment {
  /** ISO 8601. */
  readonly date: string
  /** Where WebGPU came from, with its version. */
  readonly runtime: string
  /** The processor and how many cores it has. */
  readonly host: string
  readonly model: string
  /** As given on the command line. */
  readonly flags: string
}
