import type { MatrixFormat } from '../../kernels/matrix-format'
import type { Loss } from '../../packing/pack-slab'

/** Weights of one kind: what they were in the files, and what they are on the GPU. */
export interface WeightKind {
  /** The file's name for it: `BF16`, `Q4_K`, `GPTQ`. */
  readonly source: string
  readonly format: MatrixFormat['kind']
  readonly elements: number
  /** Root of the mean squared error of matrices over their mean square, of a sample of their rows; 0 if they are floats. */
  readonly relativeRms: number
}

/** The formats in words: `Q4_K as q4 (0.02% error), F32 as f32`. */
export function explainWeights(kinds: readonly WeightKind[]): string {
  return kinds
    .map(({ source, format, relativeRms }) => {
      const loss = relativeRms === 0 ? '' : ` (${(relativeRms * 100).toPrecision(2)}% error)`
      return `${source} as ${format}${loss}`
    })
    .join(', ')
}

/** Adds up what became of the weights. */
export class WeightReport {
  readonly #kinds = new Map<string, { source: string; format: MatrixFormat['kind']; elements: number; loss: Loss }>()

  add(source: string, format: MatrixFormat | undefined, elements: number, loss: Loss | undefined): void {
    // vectors are few, and f32 whatever they were
    if (!format) return
    const key = `${source} ${format.kind}`
    const kind = this.#kinds.get(key) ?? { elements: 0, loss: { squaredError: 0, squaredSum: 0 } }
    const { squaredError, squaredSum } = kind.loss
    this.#kinds.set(key, {
      source,
      format: format.kind,
      elements: kind.elements + elements,
      loss: {
        squaredError: squaredError + (loss?.squaredError ?? 0),
        squaredSum: squaredSum + (loss?.squaredSum ?? 0),
      },
    })
  }

  /** Most elements first. */
  get kinds(): readonly WeightKind[] {
    return [...this.#kinds.values()]
      .map(({ loss: { squaredError, squaredSum }, ...kind }) => ({
        ...kind,
        relativeRms: squaredSum === 0 ? 0 : Math.sqrt(squaredError / squaredSum),
      }))
      .sort((a, b) => b.elements - a.elements)
  }
}
