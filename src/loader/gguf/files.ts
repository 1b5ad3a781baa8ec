import { CorruptCheckpoint } from '../../core/errors'
import type { JsonObject } from '../json'
import type { ModelSource } from '../source'
import { toFloat32 } from '../to-float32'
import { WeightStream } from '../weight-stream'
import { ggufConfig, llamaFields, readHeadDim } from './config'
import type { GgufModel } from './model'
import { ROPE_FACTORS } from './tensor-names'
import { ggufTokenizer, type TokenizerFiles } from './tokenizer'

/** What a GGUF model's headers say, as the small files of a Hugging Face repository would. */
export interface GgufFiles extends TokenizerFiles {
  /** Of config.json. */
  readonly config: JsonObject
}

/** Says it, with the rotary factors of Llama 3, where the model has them, read from among the weights. */
export async function readGgufFiles(source: ModelSource, model: GgufModel, signal?: AbortSignal): Promise<GgufFiles> {
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
  const { file, dataBegin } = header
  const numFactors = readHeadDim(llamaFields(metadata)) / 2
  if (tensor.format.name !== 'F32' || tensor.shape.join() !== String(numFactors)) {
    throw new CorruptCheckpoint(
      `${file}: ${ROPE_FACTORS} is ${tensor.format.name} [${tensor.shape}], but must be F32 [${numFactors}].`,
    )
  }
  const place = { name: file, dataBegin: dataBegin + tensor.begin, stored: [], maxPadding: 0 }
  const stream = await WeightStream.open(source, place, signal)
  try {
    const factors = new Float32Array(numFactors)
    toFloat32('F32', await stream.read(numFactors * 4, `in tensor ${ROPE_FACTORS}`), factors)
    return factors
  } finally {
    await stream.close()
  }
}
