import { CorruptCheckpoint } from '../../core/errors'
import type { Checkpoint, SourceTensor, StoredTensor } from '../checkpoint'
import { llamaFields, readHeadDim } from './config'
import { hasInterleavedHeads } from './head-order'
import type { GgufModel } from './model'
import { huggingFaceName } from './tensor-names'
import type { GgufTensor } from './tensor-table'

/** The tensors of a GGUF model, by Hugging Face's names. */
export function ggufCheckpoint({ metadata, files }: GgufModel): Checkpoint {
  const headDim = readHeadDim(llamaFields(metadata))
  const tensors = new Map<string, SourceTensor>()
  const weightFiles = files.map(({ file, dataBegin, tensors: entries, alignment }) => {
    const stored = entries.map((entry): StoredTensor => {
      const tensor = huggingFaceName(entry.name)
      if (tensor !== undefined) tensors.set(tensor, sourceTensor(file, entry, headDim))
      return { tensor, begin: entry.begin, end: entry.end }
    })
    return { name: file, dataBegin, stored, maxPadding: alignment - 1 }
  })
  return { name: files[0].file, describedBy: 'the metadata', hasPlainLayout: true, tensors, files: weightFiles }
}

function sourceTensor(file: string, { name, shape, format }: GgufTensor, headDim: number): SourceTensor {
  const type = format.name
  if (!hasInterleavedHeads(name)) return { file, storedName: name, shape, encoding: { type } }
  if (shape[0] % headDim !== 0 || headDim % 2 !== 0) {
    throw new CorruptCheckpoint(`${file}: tensor ${name} has ${shape[0]} rows, not pairs in heads of ${headDim}.`)
  }
  return { file, storedName: name, shape, encoding: { type, headDim } }
}
