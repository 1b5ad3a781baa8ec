import { abortError, CorruptCheckpoint, DownloadFailed } from '../../core/errors'
import { type JsonObject, parseJsonObject } from '../../core/json'
import { ByteReader } from './byte-reader'

/** The bytes of a file, to be read once, in order and to its end. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>

/** Where a model's files come from: the files of one Hugging Face repository, without folders, or GGUF files. */
export interface ModelSource {
  /** What errors call it: a URL, a path. */
  readonly name: string
  /** The model is this GGUF file (or, if split, this and its other parts), and not a Hugging Face repository. */
  readonly gguf?: string
  /**
   * There is no list of its files: to ask in vain for one leaves a 404 in the page's console. Files that a model may do without
   * are asked for with cause only.
   */
  readonly isUnlisted?: boolean
  /**
   * Starts reading `file` at byte `begin`, by default its first; at or beyond its end the stream is empty. Undefined if
   * the source works but has no such file; any other failure is `DownloadFailed`. Aborting rejects with the signal's
   * reason, also while the stream is being read.
   */
  open(file: string, signal?: AbortSignal, begin?: number): Promise<ByteStream | undefined>
  /** Bytes of a file, where they are known before it is read. */
  length?(file: string): number | undefined
  /** What was read contradicts itself: files that are kept are checked before they are read again. */
  distrust?(): Promise<void>
}

/** Largest text file we read into memory, unless less is known to do. The largest tokenizer.json known to us (Gemma's) has 33 MB. */
export const MAX_TEXT_BYTES = 128 * 2 ** 20

/** The whole of a small UTF-8 file; undefined if it does not exist. What goes on after `maxBytes` is `CorruptCheckpoint`. */
export async function readText(
  source: ModelSource,
  file: string,
  signal?: AbortSignal,
  maxBytes = MAX_TEXT_BYTES,
): Promise<string | undefined> {
  if (signal?.aborted) throw abortError(signal)
  const stream = await source.open(file, signal)
  if (!stream) return undefined
  const reader = new ByteReader(stream, `${source.name}/${file}`, signal)
  try {
    return await readUtf8(reader, maxBytes)
  } finally {
    await reader.close()
  }
}

/** A small file that must hold a JSON object; undefined if it does not exist. */
export async function readJson(
  source: ModelSource,
  file: string,
  signal?: AbortSignal,
  maxBytes = MAX_TEXT_BYTES,
): Promise<JsonObject | undefined> {
  const text = await readText(source, file, signal, maxBytes)
  return text === undefined ? undefined : parseJsonObject(text, file)
}

/** What is left of a stream after its first `numBytes`. */
export function skipBytes(stream: ByteStream, numBytes: number): ByteStream {
  let left = numBytes
  return stream.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        if (chunk.length > left) controller.enqueue(chunk.subarray(left))
        left = Math.max(0, left - chunk.length)
      },
    }),
  )
}

/** The error for a file that the model cannot do without. */
export function missingFile(source: ModelSource, file: string): DownloadFailed {
  const whole = source.gguf === undefined ? 'it is a Hugging Face model repository' : 'all parts of the model are there'
  const [, scheme] = /^(?!https?:)([a-z][\w+.-]+:)\/\//i.exec(source.name) ?? []
  const what = scheme === undefined ? whole : `${whole}, and that this page may fetch ${scheme} addresses`
  return new DownloadFailed(`${source.name} has no file ${file}. Check that ${what}.`)
}

/** The error for a local file that the platform would not open. */
export function unreadableFile(name: string, file: string, cause: unknown): DownloadFailed {
  return new DownloadFailed(`${name}/${file} cannot be read. Check that it has not moved and that access is allowed.`, {
    cause,
  })
}

async function readUtf8(reader: ByteReader, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = new Uint8Array(2 ** 16)
  let text = ''
  try {
    for (;;) {
      bytes = await reader.fill(new Uint8Array(bytes.buffer))
      if (reader.bytesRead > maxBytes) {
        throw new CorruptCheckpoint(`${reader.file} is larger than ${maxBytes} bytes, the most for such a file.`)
      }
      if (bytes.length === 0) return text + decoder.decode()
      text += decoder.decode(bytes, { stream: true })
    }
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new CorruptCheckpoint(`${reader.file} is not valid UTF-8 (within its first ${reader.bytesRead} bytes).`, {
      cause,
    })
  }
}
