import { streamRows } from '../../src/loader'
import { openSafetensors } from '../../src/loader/safetensors/checkpoint'
import type { ModelSource } from '../../src/loader/sources/source'
import { readText } from '../../src/loader/sources/source'
import { decodeRows } from '../../src/loader/weights/decode-rows'
import { memorySource, safetensorsFile } from '../loader/memory-source'

export interface RoundedModel {
  readonly source: ModelSource
  /** Root of the mean squared error of matrices over their mean square. */
  readonly weightError: number
}

/** The model with every matrix replaced by what `round` makes of it; vectors stay. */
export async function roundedModel(
  source: ModelSource,
  round: (values: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>,
): Promise<RoundedModel> {
  const checkpoint = await openSafetensors(source, undefined)
  const shapes = new Map([...checkpoint.tensors].map(([name, { shape }]) => [name, shape]))
  const slabs = new Map<string, Float32Array<ArrayBuffer>[]>()
  for await (const raw of streamRows(source, checkpoint, shapes, {})) {
    const rows = decodeRows(raw, false)
    if (!(rows instanceof Float32Array)) throw new Error(`${raw.name} holds integers`)
    slabs.set(raw.name, [...(slabs.get(raw.name) ?? []), rows.slice()])
  }
  let [error, power, end] = [0, 0, 0]
  const pieces: Uint8Array<ArrayBuffer>[] = []
  const header = [...slabs].map(([name, parts]) => {
    const shape = shapes.get(name) ?? []
    const values = Float32Array.from(parts.flatMap(part => [...part]))
    const rounded = shape.length > 1 ? round(values) : values
    if (shape.length > 1) {
      values.forEach((value, i) => {
        error += (value - rounded[i]) ** 2
        power += value ** 2
      })
    }
    pieces.push(new Uint8Array(rounded.buffer, rounded.byteOffset, rounded.byteLength))
    const begin = end
    end += rounded.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }]
  })
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer())
  const small = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json']
  const texts = await Promise.all(small.map(async file => [file, (await readText(source, file)) ?? '{}']))
  const files = {
    ...Object.fromEntries(texts),
    'model.safetensors': safetensorsFile(Object.fromEntries(header), bytes),
  }
  return { source: memorySource(files, 2 ** 20), weightError: Math.sqrt(error / power) }
}
