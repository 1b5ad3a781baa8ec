import { CorruptCheckpoint } from '../core/errors'
import { brief, isJsonObject } from './json'
import { type ModelSource, missingFile, readJson } from './source'

export const INDEX_FILE = 'model.safetensors.index.json'

/** Which file of a sharded checkpoint holds which tensors. */
export interface ShardIndex {
  /** File → names of its tensors; files in the order of their names. */
  readonly namesOf: ReadonlyMap<string, readonly string[]>
  /** Bytes of all tensors as the index states them, for progress only: some published indexes are wrong. */
  readonly totalBytes: number | undefined
}

/** A file beside the index: no folder, no URL, since the name comes from a file that we do not trust. */
const SHARD_NAME = /^[\w-][\w.-]*\.safetensors$/

/** Reads `model.safetensors.index.json`, which a model without `model.safetensors` must have. */
export async function readShardIndex(source: ModelSource, signal?: AbortSignal): Promise<ShardIndex> {
  const json = await readJson(source, INDEX_FILE, signal)
  if (!json) throw missingFile(source, `model.safetensors or ${INDEX_FILE}`)
  const { weight_map: weightMap, metadata } = json
  if (!isJsonObject(weightMap))
    throw new CorruptCheckpoint(`${INDEX_FILE}: weight_map is ${brief(weightMap)}, not an object.`)

  const namesOf = new Map<string, string[]>()
  for (const [name, file] of Object.entries(weightMap)) {
    if (typeof file !== 'string' || !SHARD_NAME.test(file)) {
      throw new CorruptCheckpoint(
        `${INDEX_FILE} puts tensor ${name} in ${brief(file)}, which is not a .safetensors file name.`,
      )
    }
    const names = namesOf.get(file)
    if (names) names.push(name)
    else namesOf.set(file, [name])
  }
  const totalSize = isJsonObject(metadata) ? metadata.total_size : undefined
  return {
    namesOf: new Map([...namesOf].sort(([a], [b]) => (a < b ? -1 : 1))),
    totalBytes: Number.isSafeInteger(totalSize) ? Number(totalSize) : undefined,
  }
}
