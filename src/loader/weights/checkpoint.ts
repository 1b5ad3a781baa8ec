import type { CoppiceError } from '../../core/errors'
import type { TensorLayout } from '../../core/model-config'
import type { Quantization } from '../config/quantization-config'

/** How the bytes of rows are to be read. Plain data, so that a worker can be told. */
export type Encoding = RowEncoding | PackedEncoding

/** Row after row, each of whole blocks. */
export interface RowEncoding {
  /** One of `FORMATS` (gguf/formats.ts), which has the dtypes of safetensors too: `F16`, `Q4_K`. */
  readonly type: string
  /** Rows lie in GGUF's order of rotary pairs, in heads of so many. */
  readonly headDim?: number
  /** How Hugging Face's file stores the tensor, if not as the graph takes it. Of rows given out the order is put right. */
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
  /** Groups are not runs of inputs: g_idx says which is in which. */
  readonly hasOrder: boolean
}

/** Some whole rows of a tensor, as its file has them. A vector is one row. */
export interface RawRows {
  /** The file they come from, for errors. */
  readonly file: string
  /** Hugging Face's, of the tensor. */
  readonly name: string
  /** A multiple of 16. */
  readonly firstRow: number
  readonly numRows: number
  /** Elements of a row. */
  readonly cols: number
  readonly encoding: Encoding
  /** Belong to whoever gets the rows. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A tensor of the model as a checkpoint offers it. */
export interface SourceTensor {
  /** Where it is, for errors. */
  readonly file: string
  /** What it is called there. */
  readonly storedName: string
  /** Outermost dimension first. */
  readonly shape: readonly number[]
  readonly encoding: Encoding
}

/** What lies in a file: a tensor, or one of the tensors that make up a quantised matrix. */
export interface StoredTensor {
  /** Hugging Face's name of the tensor that it is or is part of; undefined: of no use to any model. */
  readonly tensor: string | undefined
  /** Which part of a quantised matrix; undefined: all of the tensor. */
  readonly part?: PackedPart
  /** First byte and the byte after the last, counted from where the file's weights begin. */
  readonly begin: number
  readonly end: number
}

export type PackedPart = 'qweight' | 'qzeros' | 'scales' | 'g_idx'

/** A file of weights, by its header. */
export interface WeightFile {
  readonly name: string
  /** Byte where the weights begin. */
  readonly dataBegin: number
  /** In file order. */
  readonly stored: readonly StoredTensor[]
  /** Most bytes that may follow the last tensor. */
  readonly maxPadding: number
}

/** The weights of a model, by the headers of its files: what there is, before any of it is read. */
export interface Checkpoint {
  /** The file that lists the tensors, for errors. */
  readonly name: string
  /** What says which tensors the model has, for errors. */
  readonly describedBy: string
  /** Tensors are stored as the graph takes them, whatever Hugging Face's checkpoints of the architecture do. */
  readonly hasPlainLayout: boolean
  /** By Hugging Face's names. */
  readonly tensors: ReadonlyMap<string, SourceTensor>
  /** What is there but cannot be used, or is said to be there: what is wrong, should the model need it. By those names too. */
  readonly unusable: ReadonlyMap<string, CoppiceError>
  /** In the order in which they are to be read. */
  readonly files: readonly WeightFile[]
}
