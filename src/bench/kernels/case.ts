import type { Fixture } from './fixture'

/** The least work of a kernel, by each case's formulas. */
export interface Work {
  /** Bytes read and written, each of each buffer once. */
  readonly bytes: number
  /** Operations; a multiplication and an addition are two. */
  readonly flops: number
}

/** The name of a figure, as plain data. */
export interface CaseName {
  readonly kernel: string
  /** The part of the model: `qkv 960×576`, `decode 4096`. */
  readonly part: string
  /** The format of the weights, or of K and V. */
  readonly format: string
  readonly model: string
  /** Number of tokens. */
  readonly rows: number
  readonly variant: string
}

/** One kernel at one shape. */
export interface KernelCase extends CaseName {
  /** Whether the variant is the one that the engine takes here. */
  readonly isChosen: boolean
  /** Whether it is part of the default run. */
  readonly isUsual: boolean
  readonly work: Work
  /** Copies of its inputs that are read in turn, as the layers of a model are, so that no cache holds them all. */
  readonly copies: number
  prepare(fixture: Fixture): Prepared | Promise<Prepared>
}

/** A case with its buffers, once the fixture is ready. */
export interface Prepared {
  /** Writes the kernel's lists and parameters to the step's arena. Returns the recorder of the nth run. */
  begin(): (run: number) => void
  /** Runs the kernel once. Returns a text of what is wrong with its output, if anything is. */
  check(): Promise<string | undefined>
}

/** Streamed bytes that no cache holds. */
const COLD_BYTES = 128 * 2 ** 20

/** Copies of `bytes` that are cold when read in turn, but no more than a model has layers. */
export function coldCopies(bytes: number, numLayers: number): number {
  return Math.max(1, Math.min(numLayers, Math.ceil(COLD_BYTES / bytes)))
}
