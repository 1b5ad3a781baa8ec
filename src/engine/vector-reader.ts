import type { Draw, Drawn } from '../core/batch'
import type { Gpu } from '../gpu/device'
import { ReadbackRing } from '../gpu/readback'
import type { Step } from '../gpu/step'
import type { Model } from '../model/model'

export interface VectorReaderParts {
  readonly gpu: Gpu
  readonly step: Step
  readonly model: Pick<Model, 'vectors'>
  /** f32 [drawRows, hiddenSize]: where the model leaves vectors. */
  readonly vectors: GPUBuffer
  readonly hiddenSize: number
  /** Rows that are computed at a time. */
  readonly drawRows: number
}

/** Reads vectors of rows: embeddings. Its memory, as much as the rows of a step take, is there once some are wanted. */
export class VectorReader {
  readBytes = 0
  readonly #parts: VectorReaderParts
  /** By how many rows there is room for. */
  readonly #rings = new Map<number, ReadbackRing>()

  constructor(parts: VectorReaderParts) {
    this.#parts = parts
  }

  /** Records the vectors of all draws, in slabs. Returns what reads them once the step is submitted, in their order. */
  record(draws: readonly Draw[]): () => Promise<Float32Array[]> {
    const { gpu, step, model, vectors, hiddenSize, drawRows } = this.#parts
    const rowBytes = hiddenSize * 4
    const room = 2 ** Math.ceil(Math.log2(draws.length))
    const ring = this.#rings.get(room) ?? new ReadbackRing(gpu, room * rowBytes)
    this.#rings.set(room, ring)
    const target = ring.take()
    for (let first = 0; first < draws.length; first += drawRows) {
      const tokens = draws.slice(first, first + drawRows).map(({ token }) => token)
      model.vectors(tokens)
      step.copy(vectors, 0, target, first * rowBytes, tokens.length * rowBytes)
    }
    this.readBytes += draws.length * rowBytes
    return async () => {
      const values = new Float32Array(await ring.read(target, draws.length * rowBytes))
      return draws.map((_, row) => values.slice(row * hiddenSize, (row + 1) * hiddenSize))
    }
  }
}

/** The outcomes of all draws in their order: of those of tokens, and of vectors. */
export function withVectors(
  draws: readonly Draw[],
  drawn: readonly Drawn[],
  vectors: readonly Float32Array[],
): Drawn[] {
  const [others, read] = [drawn.values(), vectors.values()]
  return draws.map(({ isVector }) =>
    isVector ? { tokenId: 0, vector: read.next().value } : others.next().value,
  ) as Drawn[]
}
