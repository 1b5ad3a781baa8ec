import type { Store } from './store'

/**
 * A store in a folder of the origin private file system. `createWritable` puts a file in place only when it is closed,
 * as `write` promises; a file written in its own place (a synchronous access handle) would need a journal, and is no
 * faster.
 */
export function opfsStore(root: FileSystemDirectoryHandle): Store {
  /** Folders by path, kept open: to find one takes as long as to read a part of a file. */
  const opened = new Map<string, FileSystemDirectoryHandle>()

  async function open(folder: string, create: boolean): Promise<FileSystemDirectoryHandle> {
    let directory = opened.get(folder)
    if (directory) return directory
    directory = root
    for (const name of folder ? folder.split('/') : []) {
      directory = await directory.getDirectoryHandle(name, { create })
    }
    opened.set(folder, directory)
    return directory
  }

  async function file(path: string): Promise<File> {
    const [folder, name] = split(path)
    return (await (await open(folder, false)).getFileHandle(name)).getFile()
  }

  /** The value that `use` gives, or undefined where it finds nothing. */
  async function found<T>(use: () => Promise<T>): Promise<T | undefined> {
    try {
      return await use()
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error
      opened.clear()
      return undefined
    }
  }

  /** Sizes of all files in a folder, by path behind `prefix`; a file that vanishes meanwhile does not count. */
  async function sizes(directory: FileSystemDirectoryHandle, prefix: string): Promise<[string, number][]> {
    const lists: Promise<[string, number][] | undefined>[] = []
    for await (const [name, handle] of directory.entries()) {
      lists.push(
        found(async () => {
          if (handle.kind === 'directory') return sizes(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)
          return [[prefix + name, (await (handle as FileSystemFileHandle).getFile()).size]]
        }),
      )
    }
    return (await Promise.all(lists)).flatMap(list => list ?? [])
  }

  return {
    read: path => found(async () => new Uint8Array(await (await file(path)).arrayBuffer())),

    files: paths => found(() => Promise.all(paths.map(file))),

    async write(path, bytes) {
      const [folder, name] = split(path)
      const create = async () => (await open(folder, true)).getFileHandle(name, { create: true })
      // the folder may have been removed, in another tab too
      const handle = (await found(create)) ?? (await create())
      const writable = await handle.createWritable()
      await writable.write(bytes)
      await writable.close()
    },

    async list(folder = '') {
      return new Map(await found(async () => sizes(await open(folder, false), '')))
    },

    async remove(path) {
      const [folder, name] = split(path)
      await found(async () => (await open(folder, false)).removeEntry(name, { recursive: true }))
      opened.clear()
    },
  }
}

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/')
  return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)]
}
