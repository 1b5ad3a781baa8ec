import { CorruptCheckpoint } from '../core/errors'
import type { TensorEntry } from './safetensors'
import { INDEX_FILE } from './shard-index'

/** The tensors that a model consists of: name → shape, outermost dimension first. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>

/**
 * Tensors that a checkpoint may hold although the model does not declare them:
 * - RoPE frequencies, a buffer that old versions of transformers saved; we compute them;
 * - the LM head of a model with tied embeddings, a second copy of the embedding.
 */
const SURPLUS_ALLOWED = [/(^|\.)rotary_emb\.inv_freq$/, /^lm_head\.weight$/]

/** `file` names all tensors of the model: none may be missing, none without a use. */
export function checkNames(file: string, names: readonly string[], expected: TensorShapes): void {
  const present = new Set(names)
  const missing = [...expected.keys()].filter(name => !present.has(name))
  if (missing.length > 0) throw new CorruptCheckpoint(`${file} lacks ${list(missing)}, which the model needs.`)
  const surplus = [...present].filter(name => !expected.has(name) && !SURPLUS_ALLOWED.some(form => form.test(name)))
  if (surplus.length > 0) {
    throw new CorruptCheckpoint(
      `${file} holds ${list(surplus)}, which the model as config.json describes it has no use for.`,
    )
  }
}

/** A shard holds the tensors that the index puts there, and no others. */
export function checkShard(file: string, names: readonly string[], indexedNames: readonly string[]): void {
  const [present, indexed] = [new Set(names), new Set(indexedNames)]
  const missing = indexedNames.filter(name => !present.has(name))
  const surplus = names.filter(name => !indexed.has(name))
  if (missing.length > 0) {
    throw new CorruptCheckpoint(`${file} lacks ${list(missing)}, which ${INDEX_FILE} puts there.`)
  }
  if (surplus.length === 0) return
  throw new CorruptCheckpoint(`${file} holds ${list(surplus)}, which ${INDEX_FILE} does not put there.`)
}

/** Tensors have the shapes that the model expects. */
export function checkShapes(file: string, entries: readonly TensorEntry[], expected: TensorShapes): void {
  for (const { name, shape } of entries) {
    const want = expected.get(name)
    if (want && want.join() !== shape.join()) {
      throw new CorruptCheckpoint(
        `${file}: tensor ${name} has shape [${shape}], but by config.json it must be [${want}].`,
      )
    }
  }
}

/** Up to 5 tensor names, and how many more. */
function list(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : ''
  return `${names.length === 1 ? 'tensor' : 'tensors'} ${names.slice(0, 5).join(', ')}${more}`
}
