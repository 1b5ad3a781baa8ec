import { CorruptCheckpoint } from '../../core/errors'
import type { JsonObject } from '../../core/json'
import type { ModelSource } from '../sources/source'
import { toFloat32 } from '../weights/to-float32'
import { WeightStream } from '../weights/weight-stream'
import { architectureOf } from './architecture'
import { ggufConfig, ggufFields, readRotaryDim } from './config'
import type { GgufModel } from './model'
import type { RopeFactors } from './rope-scaling'
import { ROPE_FACTORS } from './tensor-names'
import { ggufTokenizer, type TokenizerFiles } from './tokenizer'

/** The small files of a Hugging Face repository, made of a GGUF model's headers. */
export interface GgufFiles extends TokenizerFiles {
  /** Contents of config.json. */
  readonly config: JsonObject
}

/** Makes the small files of a model; factors of rotary frequencies, where it has them, are read from among the weights. */
export async function readGgufFiles(source: ModelSource, model: GgufModel, signal?: AbortSignal): Promise<GgufFiles> {
  const config = ggufConfig(model, await readRopeFactors(source, model, signal))
  return { config, ...ggufTokenizer(model.metadata) }
}

async function readRopeFactors(source: ModelSource, model: GgufModel, signal?: AbortSignal): Promise<RopeFactors> {
  const present = ROPE_FACTORS.filter(name => model.tensors.has(name))
  const factors = present.map(async name => [
    name.replace('.weight', ''),
    await readFactors(source, model, name, signal),
  ])
  return Object.fromEntries(await Promise.all(factors))
}

/** One list of factors, [rotaryDim / 2]. */
async function readFactors(
  source: ModelSource,
  { metadata, files, tensors }: GgufModel,
  name: string,
  signal?: AbortSignal,
): Promise<Float32Array | undefined> {
  const tensor = tensors.get(name)
  const header = files.find(each => tensor && each.tensors.includes(tensor))
  if (!tensor || !header) return undefined
  const { file, dataBegin } = header
  const numFactors = readRotaryDim(ggufFields(metadata, architectureOf(metadata).gguf.name)) / 2
  if (tensor.format.name !== 'F32' || tensor.shape.join() !== String(numFactors)) {
    throw new CorruptCheckpoint(
      `${file}: ${name} is ${tensor.format.name} [${tensor.shape}], but must be F32 [${numFactors}].`,
    )
  }
  const place = { name: file, dataBegin: dataBegin + tensor.begin, stored: [], maxPadding: 0 }
  const stream = await WeightStream.open(source, place, signal)
  try {
    const factors = new Float32Array(numFactors)
    toFloat32('F32', await stream.read(numFactors * 4, `in tensor ${name}`), factors)
    return factors
  } finally {
    await stream.close()
  }
}
