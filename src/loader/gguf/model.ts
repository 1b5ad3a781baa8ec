import { CorruptCheckpoint } from '../../core/errors'
import type { ModelSource } from '../sources/source'
import { splitFiles } from '../sources/split-files'
import { type GgufHeader, readHeader } from './header'
import type { Metadata } from './metadata'
import type { GgufTensor } from './tensor-table'

/** A model in one GGUF file or several, by their headers. */
export interface GgufModel {
  /** Fields of the first file, which describes the model. */
  readonly metadata: Metadata
  readonly files: readonly GgufHeader[]
  /** All tensors, by the names that they have in the files. */
  readonly tensors: ReadonlyMap<string, GgufTensor>
}

/** Reads the headers of the model to which `file` belongs. */
export async function openGguf(source: ModelSource, file: string, signal?: AbortSignal): Promise<GgufModel> {
  const names = splitFiles(file)
  const files: GgufHeader[] = []
  for (const [index, name] of names.entries()) {
    const header = await readHeader(source, name, signal)
    checkPart(header, index, names.length)
    files.push(header)
  }
  return { metadata: files[0].metadata, files, tensors: allTensors(files) }
}

/** Checks that the file says of itself that it is part `index` of `numFiles`. */
function checkPart({ file, metadata }: GgufHeader, index: number, numFiles: number): void {
  // files that were merged again say 0
  const count = metadata.count('split.count', 2 ** 16) || 1
  const part = metadata.count('split.no', 2 ** 16) ?? 0
  if (count === numFiles && part === index) return
  throw new CorruptCheckpoint(
    `${file} says that it is part ${part + 1} of ${count}, but by its name it is part ${index + 1} of ${numFiles}. Keep the names that the files were published under.`,
  )
}

function allTensors(files: readonly GgufHeader[]): ReadonlyMap<string, GgufTensor> {
  const all = new Map<string, GgufTensor>()
  for (const { file, tensors } of files) {
    for (const tensor of tensors) {
      const { name } = tensor
      if (all.has(name)) throw new CorruptCheckpoint(`${file} holds tensor ${name}, which another part holds too.`)
      all.set(name, tensor)
    }
  }
  return all
}
