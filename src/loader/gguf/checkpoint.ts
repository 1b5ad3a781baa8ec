import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import type { ModelConfig } from '../../core/model-config'
import type { Checkpoint, SourceTensor, StoredTensor } from '../weights/checkpoint'
import { architectureOf } from './architecture'
import { encodingOf } from './formats'
import { hasInterleavedHeads } from './head-order'
import type { GgufModel } from './model'
import { CONSTANTS, nameTranslation, ROPE_FACTORS } from './tensor-names'
import type { GgufTensor } from './tensor-table'

/** The tensors of a GGUF model, by the names that its `config` has for them. */
export function ggufCheckpoint({ metadata, files }: GgufModel, { tensors: names, headDim }: ModelConfig): Checkpoint {
  const { name: architecture, turnsNeighbours } = architectureOf(metadata).gguf
  const translate = nameTranslation(names)
  const tensors = new Map<string, SourceTensor>()
  const weightFiles = files.map(({ file, dataBegin, tensors: entries, alignment }) => {
    const stored = entries.map((entry): StoredTensor => {
      const tensor = translate(entry.name)
      if (tensor === undefined && !ROPE_FACTORS.includes(entry.name) && !CONSTANTS.test(entry.name)) {
        throw new UnsupportedModel(`${file}: tensor ${entry.name} is none that the architecture ${architecture} has.`)
      }
      if (tensor !== undefined) tensors.set(tensor, sourceTensor(file, entry, turnsNeighbours ? headDim : undefined))
      return { tensor, begin: entry.begin, end: entry.end }
    })
    return { name: file, dataBegin, stored, maxPadding: alignment - 1 }
  })
  const described = { name: files[0].file, describedBy: 'the metadata', hasPlainLayout: true }
  return { ...described, tensors, unusable: new Map(), files: weightFiles }
}

function sourceTensor(file: string, { name, shape, format }: GgufTensor, headDim: number | undefined): SourceTensor {
  const encoding = encodingOf(format)
  if (headDim === undefined || !hasInterleavedHeads(name)) return { file, storedName: name, shape, encoding }
  if (shape[0] % headDim !== 0 || headDim % 2 !== 0) {
    throw new CorruptCheckpoint(`${file}: tensor ${name} has ${shape[0]} rows, not pairs in heads of ${headDim}.`)
  }
  return { file, storedName: name, shape, encoding: { ...encoding, headDim } }
}
