import { nodeFiles } from './node-files'
import type { Store } from './store'

/** Names of files that are being written; one that stays was left by a crash. */
const UNFINISHED = /\.\d+-\d+\.tmp$/
let numWritten = 0

/** A store in a folder on disk; in Node, Deno and Bun. */
export function folderStore(root: string): Store {
  const at = (path: string) => (path ? `${root}/${path}` : root)

  return {
    async read(path) {
      const fs = nodeFiles()
      const bytes = await absent(() => fs.readFile(at(path)))
      return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    },

    async write(path, bytes) {
      const fs = nodeFiles()
      const unfinished = `${at(path)}.${globalThis.process.pid}-${numWritten++}.tmp`
      await fs.mkdir(at(path.slice(0, Math.max(0, path.lastIndexOf('/')))), { recursive: true })
      await fs.writeFile(unfinished, bytes)
      await fs.rename(unfinished, at(path))
    },

    async list(folder = '') {
      const fs = nodeFiles()
      const sizes = new Map<string, number>()
      for (const path of (await absent(() => fs.readdir(at(folder), { recursive: true }))) ?? []) {
        const entry = UNFINISHED.test(path) ? undefined : await absent(() => fs.stat(`${at(folder)}/${path}`))
        if (entry?.isFile()) sizes.set(path.replaceAll('\\', '/'), entry.size)
      }
      return sizes
    },

    async remove(path) {
      const fs = nodeFiles()
      await fs.rm(at(path), { recursive: true, force: true })
    },
  }
}

/** The value that `use` gives, or undefined where it finds nothing. */
async function absent<T>(use: () => Promise<T>): Promise<T | undefined> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
