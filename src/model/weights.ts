import type { Gpu } from '../gpu/device'
import { COPY_DST, STORAGE } from '../gpu/usage'
import { createMatrix, type Matrix, type WeightFormat } from '../kernels/matrix'

/** A tensor of the checkpoint, and how many rows of a fused matrix it makes. */
export interface Part {
  readonly name: string
  readonly rows: number
}

interface Target {
  readonly shape: readonly number[]
  write(firstRow: number, values: Float32Array<ArrayBuffer>): void
}

/**
 * The weights of a model on the GPU. The model's graph asks for them by the checkpoint's tensor names while it is being
 * built, so the graph is also the list of what a checkpoint must hold; the values are written afterwards, as they stream.
 */
export class Weights {
  bytes = 0
  readonly #gpu: Gpu
  readonly #format: WeightFormat
  readonly #targets = new Map<string, Target>()
  readonly #matrices = new Map<string, Matrix>()

  constructor(gpu: Gpu, format: WeightFormat) {
    this.#gpu = gpu
    this.#format = format
  }

  /** Tensor name → shape, of everything asked for. */
  get expected(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.#targets].map(([name, { shape }]) => [name, shape]))
  }

  /** The tensors [rows, cols] stacked into one matrix. The same parts asked for again give the same matrix (tied weights). */
  matrix(parts: readonly Part[], cols: number): Matrix {
    const label = parts.map(({ name }) => name).join(' + ')
    const known = this.#matrices.get(label)
    if (known) return known
    const rows = parts.map(part => part.rows)
    const matrix = createMatrix(this.#gpu, label, rows, cols, this.#format)
    parts.forEach(({ name, rows }, index) => {
      const write = (firstRow: number, values: Float32Array<ArrayBuffer>) => matrix.writeRows(index, firstRow, values)
      this.#targets.set(name, { shape: [rows, cols], write })
    })
    this.#matrices.set(label, matrix)
    this.bytes += matrix.bytes
    return matrix
  }

  /** The vectors [rows] one after another, each where its part of `matrix` begins: a bias for its output. */
  bias(parts: readonly Part[], matrix: Matrix): GPUBuffer {
    const offsets = parts.map((_, index) => matrix.partOffset(index))
    return this.#vectors(parts, offsets, matrix.paddedRows)
  }

  /** A vector [length], f32. */
  vector(name: string, length: number): GPUBuffer {
    return this.#vectors([{ name, rows: length }], [0], length)
  }

  /** Fills a tensor's rows from `firstRow` on. `values`: [numRows, cols]; a vector is one row. */
  write(name: string, firstRow: number, values: Float32Array<ArrayBuffer>): void {
    const target = this.#targets.get(name)
    if (!target) throw new Error(`the model has no tensor ${name}`)
    target.write(firstRow, values)
  }

  #vectors(parts: readonly Part[], offsets: readonly number[], length: number): GPUBuffer {
    const label = parts.map(({ name }) => name).join(' + ')
    const buffer = this.#gpu.createBuffer(label, length * 4, STORAGE | COPY_DST)
    this.bytes += buffer.size
    parts.forEach(({ name, rows }, index) => {
      const write = (_: number, values: Float32Array<ArrayBuffer>) =>
        this.#gpu.device.queue.writeBuffer(buffer, offsets[index] * 4, values)
      this.#targets.set(name, { shape: [rows], write })
    })
    return buffer
  }
}
