const PART_NAME = /^(.*-)\d{5}(-of-(?!00000)(\d{5})\.gguf)$/

/** All files of the model to which `file` belongs, in order: three for `name-00001-of-00003.gguf`, one for any other name. */
export function splitFiles(file: string): readonly string[] {
  const [, stem, end, count] = PART_NAME.exec(file) ?? []
  if (stem === undefined) return [file]
  return Array.from({ length: Number(count) }, (_, index) => `${stem}${String(index + 1).padStart(5, '0')}${end}`)
}
