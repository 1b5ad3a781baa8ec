/** What was dropped: a folder's files, or the files themselves. */
export interface DroppedFiles {
  readonly name: string
  readonly files: File[]
}

/** Reads the transfer before it first waits: it is empty after the event. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFiles> {
  const files = [...transfer.files]
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry())
  const folder = entries.find((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory === true)
  if (folder) return { name: folder.name, files: await filesIn(folder) }
  return { name: files.length === 1 ? files[0].name : `${files.length} files`, files }
}

/** The files directly in the folder; those of subfolders are other exports of the same model. */
async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader()
  const files: FileSystemFileEntry[] = []
  for (;;) {
    // the platform hands out a folder in portions, the last of which is empty
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (portion.length === 0) break
    files.push(...portion.filter((entry): entry is FileSystemFileEntry => entry.isFile))
  }
  return Promise.all(files.map(entry => new Promise<File>((resolve, reject) => entry.file(resolve, reject))))
}
