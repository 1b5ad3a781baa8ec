import { CorruptCheckpoint } from '../../core/errors'
import { brief, isJsonObject } from '../../core/json'
import { missingModel } from '../sources/missing-model'
import { type ModelSource, readJson } from '../sources/source'

export const INDEX_FILE = 'model.safetensors.index.json'

/** Names of files beside the index: no folder, no URL, since they come from a file that is not trusted. */
const SHARD_NAME = /^[\w-][\w.-]*\.safetensors$/

/** Tensors and the file of each, by `model.safetensors.index.json`, which a model without `model.safetensors` must have. */
export async function readShardIndex(source: ModelSource, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const json = await readJson(source, INDEX_FILE, signal)
  if (!json) throw await missingModel(source, `model.safetensors or ${INDEX_FILE}`, signal)
  const { weight_map: weightMap } = json
  if (!isJsonObject(weightMap))
    throw new CorruptCheckpoint(`${INDEX_FILE}: weight_map is ${brief(weightMap)}, not an object.`)

  const fileOf = new Map<string, string>()
  for (const [name, file] of Object.entries(weightMap)) {
    if (typeof file !== 'string' || !SHARD_NAME.test(file)) {
      throw new CorruptCheckpoint(
        `${INDEX_FILE} puts tensor ${name} in ${brief(file)}, which is not a .safetensors file name.`,
      )
    }
    fileOf.set(name, file)
  }
  return fileOf
}
