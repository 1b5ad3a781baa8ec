import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A file of the repository, or one made up to try a check on. */
export interface SourceFile {
  /** From the repository's root, e.g. `src/core/batch.ts`. */
  readonly path: string
  readonly text: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** All files below a folder of the repository that end in `extension`; none if there is no such folder. */
export function filesIn(folder: string, extension: string): SourceFile[] {
  return readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter(path => path.endsWith(extension))
    .map(path => ({ path, text: readFileSync(ROOT + path, 'utf8') }))
}
