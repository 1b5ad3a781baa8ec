import { abortError, CorruptCheckpoint, DownloadFailed } from '../../core/errors'
import { type JsonObject, parseJsonObject } from '../../core/json'
import { ByteReader } from './byte-reader'

/** The bytes of a file, to be read once, in order and to its end. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>

/** A place that a model's files come from: those of one Hugging Face repository, without folders, or GGUF files. */
export interface ModelSource {
  /** The name of the source in errors: a URL, a path. */
  readonly name: string
  /** Name of the GGUF file that is the model, the first one if it is split; undefined for a Hugging Face repository. */
  readonly gguf?: string
  /**
   * True if there is no list of the files: asking in vain for one leaves a 404 in the page's console, so files that a model
   * may do without are asked for with cause only.
   */
  readonly isUnlisted?: boolean
  /** The choices made for the caller among what the place holds, and why; for people. */
  readonly decisions?: readonly string[]
  /**
   * Starts reading `file` at byte `begin`, by default its first; at or beyond its end the stream is empty. Undefined if
   * the source works but has no such file; any other failure is `DownloadFailed`. Aborting rejects with the signal's
   * reason, also while the stream is being read.
   */
  open(file: string, signal?: AbortSignal, begin?: number): Promise<ByteStream | undefined>
  /** Length of a file in bytes, where it is known before the file is read. */
  length?(file: string): number | undefined
  /** Has files that are kept checked before they are read again: what was read of them contradicts itself. */
  distrust?(): Promise<void>
}

/** Largest text file we read into memory, unless less is known to do. The largest tokenizer.json known to us (Gemma's) has 33 MB. */
export const MAX_TEXT_BYTES = 128 * 2 ** 20

/** The whole of a small UTF-8 file; undefined if it does not exist. @throws CorruptCheckpoint if it goes on after `maxBytes` */
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

/** The rest of a stream after its first `numBytes`. */
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
