import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { GGUF_ARCHITECTURES } from '../architectures'
import type { Architecture, GgufVariant } from '../architectures/architecture'
import type { ModelSource } from '../source'
import { type GgufHeader, readHeader } from './header'
import { briefValue, type Metadata } from './metadata'
import { checkPart, splitFiles } from './split-files'
import type { GgufTensor } from './tensor-table'

/** A model in one GGUF file or several: what their headers say. */
export interface GgufModel {
  /** Of the first file, which describes the model. */
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

/** @throws UnsupportedModel unless it is one of ours */
export function architectureOf(metadata: Metadata): Architecture & { readonly gguf: GgufVariant } {
  const name = metadata.text('general.architecture')
  const architecture = GGUF_ARCHITECTURES.get(name ?? '')
  if (architecture?.gguf) return { ...architecture, gguf: architecture.gguf }
  const supported = [...GGUF_ARCHITECTURES.keys()].join(', ')
  throw new UnsupportedModel(
    `${metadata.file}: general.architecture is ${briefValue(name)}; supported are ${supported}.`,
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
