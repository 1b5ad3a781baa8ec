import { CorruptCheckpoint } from '../../core/errors'
import type { GgufHeader } from './header'

const PART_NAME = /^(.*-)\d{5}(-of-(?!00000)(\d{5})\.gguf)$/

/** All files of the model to which `file` belongs, in order: three for `name-00001-of-00003.gguf`, one for any other name. */
export function splitFiles(file: string): readonly string[] {
  const [, stem, end, count] = PART_NAME.exec(file) ?? []
  if (stem === undefined) return [file]
  return Array.from({ length: Number(count) }, (_, index) => `${stem}${String(index + 1).padStart(5, '0')}${end}`)
}

/** Checks that the file says of itself that it is part `index` of `numFiles`. */
export function checkPart({ file, metadata }: GgufHeader, index: number, numFiles: number): void {
  // files that were merged again say 0
  const count = metadata.count('split.count', 2 ** 16) || 1
  const part = metadata.count('split.no', 2 ** 16) ?? 0
  if (count === numFiles && part === index) return
  throw new CorruptCheckpoint(
    `${file} says that it is part ${part + 1} of ${count}, but by its name it is part ${index + 1} of ${numFiles}. Keep the names that the files were published under.`,
  )
}
