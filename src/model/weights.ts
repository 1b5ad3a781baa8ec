import type { Named, TensorLayout } from '../core/model-config'
import type { BufferMaker } from '../gpu/paper'
import { COPY_DST, STORAGE } from '../gpu/usage'
import { createMatrix, type Matrix, type RowRun } from '../kernels/matrix'
import type { MatrixFormat } from '../kernels/matrix-format'
import type { PackedRows } from '../kernels/pack'

/** A linear layer of the checkpoint, `name.weight` [rows, cols] and perhaps `name.bias` [rows], as part of a fused one. */
export interface Part extends Named {
  readonly rows: number
}

/** y = matrix · x + bias */
export interface Linear {
  readonly matrix: Matrix
  /** [matrix.rows] */
  readonly bias: GPUBuffer | undefined
}

/** A norm's weight and, of a LayerNorm, bias: [length] */
export interface Norm {
  readonly weight: GPUBuffer
  readonly bias: GPUBuffer | undefined
}

/** Where a tensor's values go on the GPU. */
type Target = { readonly shape: readonly number[]; readonly layout: TensorLayout | undefined } & (
  | { readonly format: MatrixFormat; write(firstRow: number, rows: PackedRows): void }
  | { readonly format: undefined; write(values: Float32Array<ArrayBuffer>): void }
)

/** Chooses the format of the matrix that holds the weights of these linear layers, each of `cols` columns. */
export type FormatChoice = (parts: readonly Part[], cols: number) => MatrixFormat

/**
 * The weights of a model on the GPU. The model asks for them by the checkpoint's tensor names, so that what was asked for
 * is also the list of what a checkpoint must hold; the values are written afterwards, as they stream.
 */
export class Weights {
  readonly #gpu: BufferMaker
  readonly #chooseFormat: FormatChoice
  readonly #targets = new Map<string, Target>()
  readonly #linears = new Map<string, Linear>()
  readonly #norms = new Map<string, Norm>()

  constructor(gpu: BufferMaker, chooseFormat: FormatChoice) {
    this.#gpu = gpu
    this.#chooseFormat = chooseFormat
  }

  /** Tensor name → shape, of everything asked for. */
  get expected(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#targets].map(([name, { shape }]) => [name, shape]))
  }

  /** Elements of all tensors asked for, of tied ones once. */
  get numElements(): number {
    let count = 0
    for (const { shape } of this.#targets.values()) count += shape.reduce((product, size) => product * size, 1)
    return count
  }

  /** Tensor name → how Hugging Face's checkpoints store it, of those that they store otherwise. */
  get layouts(): ReadonlyMap<string, TensorLayout> {
    const layouts = [...this.#targets].flatMap(([name, { layout }]) => (layout ? [[name, layout] as const] : []))
    return new Map(layouts)
  }

  /**
   * Layers of the same input stacked into one, `isPaired` as matrices are. The same parts asked for again are the same layer
   * (tied weights).
   */
  linear(parts: readonly Part[], cols: number, hasBias: boolean, isPaired = false): Linear {
    const label = parts.map(({ name }) => name).join(' + ')
    const known = this.#linears.get(label)
    if (known) return known
    const matrix = this.#matrix(label, parts, cols, isPaired)
    const linear = { matrix, bias: hasBias ? this.#bias(label, parts, matrix) : undefined }
    this.#linears.set(label, linear)
    return linear
  }

  /** A norm; the same asked for again is the same. */
  norm({ name, layout }: Named, length: number, hasBias: boolean): Norm {
    const known = this.#norms.get(name)
    if (known) return known
    const norm = {
      weight: this.#vector(`${name}.weight`, length, layout),
      bias: hasBias ? this.#vector(`${name}.bias`, length, undefined) : undefined,
    }
    this.#norms.set(name, norm)
    return norm
  }

  /** Numbers that the checkpoint has as tensors of their own, by their whole names: one f32 each, one after the other. */
  numbers(names: readonly Named[]): GPUBuffer {
    const buffer = this.#buffer(names.map(({ name }) => name).join(' + '), names.length)
    names.forEach(({ name, layout }, at) => {
      this.#targets.set(name, this.#vectorTarget(buffer, [{ row: 0, at, count: 1 }], 1, layout))
    })
    return buffer
  }

  /** The format that a tensor's rows are kept in; undefined: a vector, of f32. */
  formatOf(name: string): MatrixFormat | undefined {
    return this.#target(name).format
  }

  /** Fills a tensor's rows from `firstRow` on, a multiple of 16; packed as its format says, or a whole vector. */
  write(name: string, firstRow: number, rows: PackedRows | Float32Array<ArrayBuffer>): void {
    const target = this.#target(name)
    const isVector = rows instanceof Float32Array
    if (target.format && !isVector) target.write(firstRow, rows)
    else if (!target.format && isVector) target.write(rows)
    else throw new Error(`${name} is ${isVector ? 'no vector' : 'a vector'}`)
  }

  #target(name: string): Target {
    const target = this.#targets.get(name)
    if (!target) throw new Error(`the model has no tensor ${name}`)
    return target
  }

  #matrix(label: string, parts: readonly Part[], cols: number, isPaired: boolean): Matrix {
    const partRows = parts.map(({ rows }) => rows)
    const format = this.#chooseFormat(parts, cols)
    const matrix = createMatrix(this.#gpu, label, partRows, cols, format, { isPaired })
    parts.forEach(({ name, rows, layout }, index) => {
      const write = (firstRow: number, packed: PackedRows) => matrix.write(index, firstRow, packed)
      this.#targets.set(`${name}.weight`, { shape: [rows, cols], layout, format, write })
    })
    return matrix
  }

  /** The parts' biases, each where its outputs are. */
  #bias(label: string, parts: readonly Part[], matrix: Matrix): GPUBuffer {
    const buffer = this.#buffer(`bias of ${label}`, matrix.rows)
    parts.forEach(({ name, rows, layout }, index) => {
      const biasLayout = layout?.type === 'transposed' ? undefined : layout
      this.#targets.set(`${name}.bias`, this.#vectorTarget(buffer, [...matrix.runs(index, 0, rows)], rows, biasLayout))
    })
    return buffer
  }

  /** A vector [length], f32. */
  #vector(name: string, length: number, layout: TensorLayout | undefined): GPUBuffer {
    const buffer = this.#buffer(name, length)
    this.#targets.set(name, this.#vectorTarget(buffer, [{ row: 0, at: 0, count: length }], length, layout))
    return buffer
  }

  #buffer(label: string, length: number): GPUBuffer {
    return this.#gpu.createBuffer(label, length * 4, STORAGE | COPY_DST)
  }

  #vectorTarget(buffer: GPUBuffer, runs: readonly RowRun[], length: number, layout: TensorLayout | undefined): Target {
    const write = (values: Float32Array<ArrayBuffer>) => {
      for (const { row, at, count } of runs) this.#gpu.device.queue.writeBuffer(buffer, at * 4, values, row, count)
    }
    return { shape: [length], layout, format: undefined, write }
  }
}
