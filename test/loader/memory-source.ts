import type { ModelSource } from '../../src/loader/sources/source'

export type Files = Readonly<Record<string, Uint8Array<ArrayBuffer> | string>>

/** A source over bytes in memory whose streams come in chunks of `chunkBytes`, to put boundaries everywhere. */
export function memorySource(files: Files, chunkBytes = 7): ModelSource & { readonly opened: string[] } {
  const opened: string[] = []
  return {
    name: 'memory',
    opened,
    async open(file, _signal, begin = 0) {
      opened.push(file)
      const contents = files[file]
      if (contents === undefined) return undefined
      const bytes = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents
      let offset = begin
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (offset >= bytes.length) return controller.close()
          controller.enqueue(bytes.slice(offset, offset + chunkBytes))
          offset += chunkBytes
        },
      })
    },
  }
}

/** A safetensors file: the header (as JSON, or verbatim) and the bytes after it. */
export function safetensorsFile(header: unknown, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const file = new Uint8Array(8 + json.length + data.length)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  file.set(data, 8 + json.length)
  return file
}
