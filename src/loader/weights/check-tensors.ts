import { CorruptCheckpoint } from '../../core/errors'
import { listed } from '../../core/listed'
import type { Checkpoint, SourceTensor } from './checkpoint'

/** The tensors that a model consists of: name → shape, outermost dimension first. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>

/** Names of the LM head, which a model with tied embeddings may have as a second copy of the embedding. */
const SURPLUS_ALLOWED = ['lm_head.weight', 'embed_out.weight']

/** Checks that a checkpoint holds all tensors of the model, in their shapes, and none without a use. */
export function checkTensors({ name: file, describedBy, tensors, unusable }: Checkpoint, expected: TensorShapes): void {
  for (const name of expected.keys()) {
    const wrong = unusable.get(name)
    if (wrong) throw wrong
  }
  const missing = [...expected.keys()].filter(name => !tensors.has(name))
  if (missing.length > 0) throw new CorruptCheckpoint(`${file} lacks ${list(missing)}, which the model needs.`)
  const surplus = [...tensors.keys()].filter(
    name => !expected.has(name) && !isSpareBias(tensors, name) && !SURPLUS_ALLOWED.includes(name),
  )
  if (surplus.length > 0) {
    throw new CorruptCheckpoint(
      `${file} holds ${list(surplus)}, which the model as ${describedBy} describes it has no use for.`,
    )
  }
  for (const [name, want] of expected) {
    const tensor = tensors.get(name)
    if (tensor && !hasShape(tensor, want)) {
      throw new CorruptCheckpoint(
        `${tensor.file}: tensor ${tensor.storedName} has shape [${tensor.shape}], but by ${describedBy} it must be [${want}].`,
      )
    }
  }
}

function hasShape({ shape, isFlat }: SourceTensor, want: readonly number[]): boolean {
  const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1)
  return isFlat ? count(shape) === count(want) : shape.join() === want.join()
}

/** Whether a tensor may be a bias of zeros that the model lacks: AutoGPTQ gives one to every matrix that it quantises. */
export function isSpareBias(tensors: Checkpoint['tensors'], name: string): boolean {
  const matrix = name.endsWith('.bias') && tensors.get(name.replace(/bias$/, 'weight'))
  return matrix ? 'parts' in matrix.encoding : false
}

function list(names: readonly string[]): string {
  return `${names.length === 1 ? 'tensor' : 'tensors'} ${listed(names, 5)}`
}
