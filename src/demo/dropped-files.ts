interface DroppedFiles {
  readonly name: string
  readonly location: FileSystemDirectoryHandle | File[]
}

/** Newer than TypeScript's DOM, and not in every browser. */
interface HandleItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>
}

/** The folder that was dropped, or the files. The transfer is empty after the event: this reads it before it first waits. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFiles> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file')
  const files = [...transfer.files]
  const entry = items[0]?.webkitGetAsEntry()
  const handle = await (items[0] as HandleItem | undefined)?.getAsFileSystemHandle?.()
  if (handle?.kind === 'directory') return { name: handle.name, location: handle as FileSystemDirectoryHandle }
  if (entry?.isDirectory) return { name: entry.name, location: await filesIn(entry as FileSystemDirectoryEntry) }
  return { name: files.length === 1 ? files[0].name : `${files.length} files`, location: files }
}

/** The files directly in the folder; those of subfolders are other exports of the same model. */
async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader()
  const entries: FileSystemEntry[] = []
  for (;;) {
    // the platform hands out a folder in portions, the last of which is empty
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (portion.length === 0) break
    entries.push(...portion)
  }
  const files = entries.filter((entry): entry is FileSystemFileEntry => entry.isFile)
  return Promise.all(files.map(file => new Promise<File>((resolve, reject) => file.file(resolve, reject))))
}
