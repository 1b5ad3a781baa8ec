import { abortError, InvalidRequest } from '../../core/errors'
import type { ModelSource } from './source'

/**
 * Files from `<input type="file" multiple>`, `<input webkitdirectory>` or a drop. Of a folder only the files directly
 * inside it count, since repositories keep other exports of the same model in subfolders (`onnx/config.json`).
 */
export function fileListSource(files: Iterable<File>): ModelSource {
  const byName = new Map<string, File>()
  for (const file of files) {
    if (file.webkitRelativePath && file.webkitRelativePath.split('/').length > 2) continue
    if (byName.has(file.name))
      throw new InvalidRequest(`Two of the files are called ${file.name}. Give those of one model.`)
    byName.set(file.name, file)
  }

  return {
    name: 'the list of files',
    length: name => byName.get(name)?.size,
    async open(name, signal, begin = 0) {
      if (signal?.aborted) throw abortError(signal)
      return byName.get(name)?.slice(begin).stream()
    },
  }
}
