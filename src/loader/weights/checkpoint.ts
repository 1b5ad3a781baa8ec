import type { CoppiceError } from '../../core/errors'
import type { TensorLayout } from '../../core/model-config'
import type { StoredDtype } from './dtype'

/** The way in which the bytes of rows are to be read; plain data, so that a worker can be told. */
export type Encoding = RowEncoding | PackedEncoding

/** A kind of integers, in the terms of `QuantizedRows`. */
export interface SourceIntegers {
  readonly bits: 4 | 8
  readonly group: 32 | 64 | 128
  readonly hasZeros: boolean
}

interface Named {
  /** The name of the format, for people: `F16`, `Q4_K`, `GPTQ`. */
  readonly type: string
  /** The integers that `decodeRows` gives; `other`: integers, or floats as short, that cannot be kept; absent: floats. */
  readonly integers?: SourceIntegers | 'other'
}

/** The encoding of rows one after another, each of whole blocks; `type` is that of one of `FORMATS` (gguf/formats.ts). */
export interface RowEncoding extends Named {
  /** Rows of a head, where they lie in GGUF's order of rotary pairs. */
  readonly headDim?: number
  /** The way in which the file stores the tensor, if not as the graph takes it. Rows are given out in the right order. */
  readonly layout?: TensorLayout
}

/** A matrix [rows, cols] in several tensors. `bytes` of its rows are the parts' one after another, each from a multiple of 4 on. */
export interface PackedEncoding extends Named {
  readonly parts: readonly Part[]
  readonly unpacking: Unpacking
}

/** A tensor of those that make up a matrix. */
export interface Part {
  readonly name: string
  readonly dtype: StoredDtype
  /** Bytes of the tensor, or of what some rows have of it. */
  readonly numBytes: number
  /**
   * What some rows have of it: `all`; the items that hold their elements, `per` each, row by row; or the columns of a
   * matrix of `count` rows that belong to them.
   */
  readonly cut: 'all' | { readonly per: number } | { readonly count: number }
}

/** How the parts make up a matrix. `group`: inputs that share a scale, runs of them unless there is a part that says which. */
export type Unpacking =
  | {
      readonly kind: 'transposed'
      readonly bits: 4 | 8
      readonly group: number
      /** Whether all zeros are the middle. */
      readonly isSymmetric: boolean
      /** Difference between zeros as they are meant and as they are stored. */
      readonly zeroOffset: 0 | 1
      /** Whether words hold inputs in their order, or outputs as AWQ's kernels want them. */
      readonly isAwq: boolean
    }
  | {
      readonly kind: 'integers'
      readonly bits: number
      readonly group: number
      readonly isSigned: boolean
      /** Divides scales. */
      readonly divisor: number
    }
  | { readonly kind: 'float8' /** Rows and columns that share a scale. */; readonly block: readonly [number, number] }
  | { readonly kind: 'float4' }

/** Some whole rows of a tensor, as its file has them. A vector is one row. */
export interface RawRows {
  /** Name of the file they come from, for errors. */
  readonly file: string
  /** Hugging Face's name of the tensor. */
  readonly name: string
  /** Index of the first row, a multiple of 16. */
  readonly firstRow: number
  readonly numRows: number
  /** Elements in a row. */
  readonly cols: number
  readonly encoding: Encoding
  /** Contents, which belong to whoever gets the rows. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A tensor of the model as a checkpoint offers it. */
export interface SourceTensor {
  /** Name of the file that has it, for errors. */
  readonly file: string
  /** Its name there. */
  readonly storedName: string
  /** Dimensions, outermost first. */
  readonly shape: readonly number[]
  /** Whether `shape` only says how many elements there are: their rows are as long as the model has them. */
  readonly isFlat?: boolean
  readonly encoding: Encoding
}

/** A tensor in a file, or one of the tensors that make up a quantised matrix. */
export interface StoredTensor {
  /** Hugging Face's name of the tensor that it is or is part of; undefined: of no use to any model. */
  readonly tensor: string | undefined
  /** The name of the part of a matrix that it is; undefined: all of the tensor. */
  readonly part?: string
  /** The first byte, and with `end` the byte after the last, counted from where the file's weights begin. */
  readonly begin: number
  readonly end: number
}

/** A file of weights, by its header. */
export interface WeightFile {
  readonly name: string
  /** The byte where the weights begin. */
  readonly dataBegin: number
  /** Tensors in file order. */
  readonly stored: readonly StoredTensor[]
  /** Most bytes that may follow the last tensor. */
  readonly maxPadding: number
}

/** The weights of a model, by the headers of its files, before any of them is read. */
export interface Checkpoint {
  /** Name of the file that lists the tensors, for errors. */
  readonly name: string
  /** Name of the file that says which tensors the model has, for errors. */
  readonly describedBy: string
  /** Whether tensors are stored as the graph takes them, whatever Hugging Face's checkpoints of the architecture do. */
  readonly hasPlainLayout: boolean
  /** Tensors by Hugging Face's names. */
  readonly tensors: ReadonlyMap<string, SourceTensor>
  /** Errors for tensors that cannot be used, or are listed but missing, to be thrown should the model need them; by the same names. */
  readonly unusable: ReadonlyMap<string, CoppiceError>
  /** Files in the order in which they are to be read. */
  readonly files: readonly WeightFile[]
  /** Begins to gather the parts of matrices, whose rows are as `expected` has them; absent: there are none in parts. */
  gatherParts?(expected: ReadonlyMap<string, readonly number[]>, maxSlabElements: number): PartGatherer
}

/** Gathers the parts of matrices, which files hold in any order. */
export interface PartGatherer {
  /** The ranges of a file in the order in which they are to be read. */
  order(file: WeightFile): readonly FileRange[]
  /** Adds a part of the matrix `name`; gives its rows if this was the last. */
  add(name: string, place: StoredTensor, bytes: Uint8Array<ArrayBuffer>): Iterable<RawRows>
}

/** A range of a file, bytes [begin, end) of its weights: tensors that lie one behind the other. */
export interface FileRange {
  readonly begin: number
  readonly end: number
  readonly stored: readonly StoredTensor[]
}

/** The range of a file that such tensors take. */
export function rangeOf(stored: readonly StoredTensor[]): FileRange {
  return { begin: stored[0]?.begin ?? 0, end: stored.at(-1)?.end ?? 0, stored }
}
