import { CorruptCheckpoint } from '../../core/errors'
import type { JsonObject } from '../json'
import type { ModelSource } from '../source'
import { ggufConfig, llamaFields, readHeadDim } from './config'
import { type GgufModel, openGguf } from './model'
import { ROPE_FACTORS } from './tensor-names'
import { TensorReader } from './tensor-reader'
import { ggufTokenizer, type TokenizerFiles } from './tokenizer'

/** What a GGUF model's headers say, as the small files of a Hugging Face repository would. */
export interface GgufFiles extends TokenizerFiles {
  /** Of config.json. */
  readonly config: JsonObject
}

/** Reads the headers of the model to which `file` belongs and, where Llama 3 has them, its rotary factors. */
export async function readGgufFiles(source: ModelSource, file: string, signal?: AbortSignal): Promise<GgufFiles> {
  const model = await openGguf(source, file, signal)
  const config = ggufConfig(model, await readRopeFactors(source, model, signal))
  return { config, ...ggufTokenizer(model.metadata) }
}

/** [headDim / 2]; undefined if the file has none. */
async function readRopeFactors(
  source: ModelSource,
  { metadata, files, tensors }: GgufModel,
  signal?: AbortSignal,
): Promise<Float32Array | undefined> {
  const tensor = tensors.get(ROPE_FACTORS)
  const header = files.find(each => tensor && each.tensors.includes(tensor))
  if (!tensor || !header) return undefined
  const numFactors = readHeadDim(llamaFields(metadata)) / 2
  if (tensor.shape.join() !== String(numFactors)) {
    throw new CorruptCheckpoint(
      `${header.file}: ${ROPE_FACTORS} has shape [${tensor.shape}], but must have [${numFactors}].`,
    )
  }
  const reader = await TensorReader.open(source, header, signal)
  try {
    for await (const factors of reader.slabs(tensor, numFactors, numFactors)) return factors
  } finally {
    await reader.close()
  }
}
