import type { Fixture } from './fixture'

/** What a kernel cannot do with less of, by each case's formulas. */
export interface Work {
  /** Read and written, each byte of each buffer once. */
  readonly bytes: number
  /** A multiplication and an addition are two. */
  readonly flops: number
}

/** What one figure is about, as plain data. */
export interface CaseName {
  readonly kernel: string
  /** Of the model: `qkv 960×576`, `decode 4096`. */
  readonly part: string
  /** Of the weights, or of K and V. */
  readonly format: string
  readonly model: string
  /** Tokens. */
  readonly rows: number
  readonly variant: string
}

/** One kernel at one shape. */
export interface KernelCase extends CaseName {
  /** The variant is the one that the engine takes here. */
  readonly isChosen: boolean
  /** Part of the default run. */
  readonly isUsual: boolean
  readonly work: Work
  /** So many copies of what it reads are read in turn, as the layers of a model are, so that no cache holds them all. */
  readonly copies: number
  prepare(fixture: Fixture): Prepared | Promise<Prepared>
}

/** A case with its buffers, once the fixture is ready. */
export interface Prepared {
  /** Puts what the kernel reads from the step's arena into it. Returns the recorder of the nth run. */
  begin(): (run: number) => void
  /** Runs the kernel once. Returns what is wrong with its output, if anything is. */
  check(): Promise<string | undefined>
}

/** Streamed bytes that no cache holds. */
const COLD_BYTES = 128 * 2 ** 20

/** Copies of `bytes` that are cold in turn, but no more than a model has layers. */
export function coldCopies(bytes: number, numLayers: number): number {
  return Math.max(1, Math.min(numLayers, Math.ceil(COLD_BYTES / bytes)))
}
