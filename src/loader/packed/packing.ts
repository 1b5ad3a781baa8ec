import { CorruptCheckpoint } from '../../core/errors'
import type { Checkpoint, PackedEncoding, Part, PartGatherer, SourceIntegers } from '../weights/checkpoint'
import type { StoredDtype } from '../weights/dtype'
import { keptGroup } from '../weights/kept-group'

/** The form in which a checkpoint stores quantised matrices, by its config.json, for who reads its headers and then its bytes. */
export interface Packing extends Pick<PackedForm, 'partOf'> {
  /** The matrix that some parts, by their names, make up. @throws CorruptCheckpoint unless they are those of one matrix */
  join(matrix: string, parts: ReadonlyMap<string, StoredPart>): JoinedMatrix
  /** Begins to gather the parts: see `Checkpoint.gatherParts`. */
  gather(checkpoint: Checkpoint, ...options: Parameters<NonNullable<Checkpoint['gatherParts']>>): PartGatherer
}

/** One of the forms: several tensors for each matrix. */
export interface PackedForm {
  /**
   * The matrix that a stored tensor is a part of, and which; `unused` for one that no model computes with; undefined: it is a
   * tensor as any other.
   */
  partOf(name: string, dtype: StoredDtype): PartName | 'unused' | undefined
  /** The matrix that some parts make up. @throws CorruptCheckpoint unless they are those of one matrix */
  join(parts: StoredParts): JoinedMatrix
}

export interface PartName {
  /** The name of the matrix, as if it were one tensor. */
  readonly matrix: string
  readonly part: string
}

export interface JoinedMatrix {
  readonly shape: readonly number[]
  readonly isFlat?: boolean
  readonly encoding: PackedEncoding
}

/** A part in its file. */
export interface StoredPart {
  readonly file: string
  readonly name: string
  readonly dtype: StoredDtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** The parts of one matrix that a checkpoint has, by their headers. */
export class StoredParts {
  constructor(
    readonly matrix: string,
    readonly entries: ReadonlyMap<string, StoredPart>,
  ) {}

  get file(): string {
    return [...this.entries.values()][0].file
  }

  has(part: string): boolean {
    return this.entries.has(part)
  }

  /** The shape of a part that is a matrix. @throws CorruptCheckpoint where it is missing or has another */
  matrixOf(part: string, dtypes: readonly StoredDtype[]): readonly [rows: number, cols: number] {
    const { shape, dtype } = this.#get(part)
    const [rows, cols] = shape
    if (shape.length === 2 && rows > 0 && cols > 0 && dtypes.includes(dtype)) return [rows, cols]
    throw this.#wrong(part, `${dtypes.join(' or ')} and a matrix`)
  }

  /** The part for the encoding. @throws CorruptCheckpoint unless its type and shape are among those */
  part(part: string, dtypes: readonly StoredDtype[], shapes: readonly (readonly number[])[], cut: Part['cut']): Part {
    const expected = `${dtypes.join(' or ')} [${shapes.map(String).join('] or [')}]`
    const { dtype, shape, begin, end } = this.#get(part)
    if (!dtypes.includes(dtype) || !shapes.some(each => each.join() === shape.join())) throw this.#wrong(part, expected)
    return { name: part, dtype, numBytes: end - begin, cut }
  }

  /** The shape of a part. @throws CorruptCheckpoint where it is missing */
  shapeOf(part: string): readonly number[] {
    return this.#get(part).shape
  }

  #get(part: string): StoredPart {
    const entry = this.entries.get(part)
    if (entry) return entry
    const [{ file, name }] = this.entries.values()
    throw new CorruptCheckpoint(
      `${file}: ${this.matrix.replace(/\.weight$/, '')}.${part} is missing, a part of the matrix that has ${name}.`,
    )
  }

  #wrong(part: string, expected: string): CorruptCheckpoint {
    const { name, dtype, shape } = this.#get(part)
    return new CorruptCheckpoint(
      `${this.file}: ${name} is ${dtype} [${shape}], but by config.json and the other parts of the matrix it must be ${expected}.`,
    )
  }
}

/** Integers whose scales are those of runs of `group` columns, as they can be kept: `other` if our groups are longer. */
export function keptIntegers(bits: number, group: number, cols: number, hasZeros: boolean): SourceIntegers | 'other' {
  const own = keptGroup(group, cols)
  return own ? { bits: bits > 4 ? 8 : 4, group: own, hasZeros } : 'other'
}
