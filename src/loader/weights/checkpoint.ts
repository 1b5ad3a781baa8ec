import type { CoppiceError } from '../../core/errors'
import type { TensorLayout } from '../../core/model-config'
import type { Quantization } from '../config/quantization-config'

/** The way in which the bytes of rows are to be read; plain data, so that a worker can be told. */
export type Encoding = RowEncoding | PackedEncoding

/** The encoding of rows one after another, each of whole blocks. */
export interface RowEncoding {
  /** Name of one of `FORMATS` (gguf/formats.ts), which has the dtypes of safetensors too: `F16`, `Q4_K`. */
  readonly type: string
  /** Rows of a head, where they lie in GGUF's order of rotary pairs. */
  readonly headDim?: number
  /** The way in which the file stores the tensor, if not as the graph takes it. Rows are given out in the right order. */
  readonly layout?: TensorLayout
}

/**
 * A matrix [out, in] of 4-bit integers in three or four tensors of words of 8 integers; the transpose of how we keep
 * matrices. `bytes` of its rows are the parts' one after another, each of these columns only:
 * qweight (GPTQ [in / 8, rows], AWQ [in, rows / 8]), qzeros [in / group, rows / 8], scales [in / group, rows],
 * and if `hasOrder` the group of each input, g_idx i32 [in].
 */
export interface PackedEncoding extends Omit<Quantization, 'method'> {
  readonly type: Quantization['method']
  readonly scaleType: 'F16' | 'BF16'
  /** Whether groups are not runs of inputs, so that g_idx tells which input is in which. */
  readonly hasOrder: boolean
}

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
  readonly encoding: Encoding
}

/** A tensor in a file, or one of the tensors that make up a quantised matrix. */
export interface StoredTensor {
  /** Hugging Face's name of the tensor that it is or is part of; undefined: of no use to any model. */
  readonly tensor: string | undefined
  /** The part of a quantised matrix that it is; undefined: all of the tensor. */
  readonly part?: PackedPart
  /** The first byte, and with `end` the byte after the last, counted from where the file's weights begin. */
  readonly begin: number
  readonly end: number
}

export type PackedPart = 'qweight' | 'qzeros' | 'scales' | 'g_idx'

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
}
