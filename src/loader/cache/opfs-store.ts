import type { Store } from './store'

/**
 * The origin private file system. `createWritable` puts a file in place only when it is closed, which is the promise
 * that `write` makes; a file written in one go in its own place (a synchronous access handle) would need a journal, and
 * is no faster.
 */
export function opfsStore(root: FileSystemDirectoryHandle): Store {
  async function open(folder: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    let directory = root
    for (const name of folder ? folder.split('/') : []) {
      directory = await directory.getDirectoryHandle(name, { create })
    }
    return directory
  }

  return {
    async read(path) {
      const [folder, name] = split(path)
      return absent(async () => {
        const handle = await (await open(folder, false)).getFileHandle(name)
        return new Uint8Array(await (await handle.getFile()).arrayBuffer())
      })
    },

    async write(path, bytes) {
      const [folder, name] = split(path)
      const handle = await (await open(folder, true)).getFileHandle(name, { create: true })
      const writable = await handle.createWritable()
      await writable.write(bytes)
      await writable.close()
    },

    async list(folder = '') {
      const directory = await absent(() => open(folder, false))
      return new Map(directory ? await sizes(directory, '') : [])
    },

    async remove(path) {
      const [folder, name] = split(path)
      await absent(async () => (await open(folder, false)).removeEntry(name, { recursive: true }))
    },
  }
}

async function sizes(directory: FileSystemDirectoryHandle, prefix: string): Promise<[string, number][]> {
  const found: Promise<[string, number][]>[] = []
  for await (const [name, handle] of directory.entries()) {
    found.push(
      handle.kind === 'directory'
        ? sizes(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)
        : (handle as FileSystemFileHandle).getFile().then(file => [[prefix + name, file.size]]),
    )
  }
  return (await Promise.all(found)).flat()
}

/** What `use` gives, or undefined where it finds nothing. */
async function absent<T>(use: () => Promise<T>): Promise<T | undefined> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined
    throw error
  }
}

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/')
  return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)]
}
