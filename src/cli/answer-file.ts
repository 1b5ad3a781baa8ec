import {
  closeSync,
  createReadStream,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { readLines } from '../api/lines'
import type { BatchResponse } from '../batch'
import { InvalidRequest } from '../core/errors'
import { lineOf } from '../jobs/answer-line'
import { takeLockFile } from '../jobs/lock-file'
import { damagedRecord, readRecord, recordLine } from '../jobs/record'
import { UsageError } from './job-options'

/** The answer to a request; or, if an earlier run has given it, the line on which the request now stands. */
export type Answer =
  | { readonly key: string; readonly response: BatchResponse }
  | { readonly key: string; readonly line: number }

/** The settings that answers depend on besides their requests. Those of other settings are not mixed with them. */
export type AnswerSettings = Readonly<Record<string, string | number | boolean | undefined>>

/** Answers cannot be written, for want of space, say. */
export class OutputFailed extends Error {
  override name = 'OutputFailed'
}

/** Where in the file an answer is, in bytes. */
interface Place {
  readonly begin: number
  readonly bytes: number
}

/** Bytes of answers in order that are written at once: few calls, and little memory. */
const PORTION_BYTES = 1 << 20

/**
 * The answers of a job that is not done yet, one a line as they come, after a line that says the job's settings; each line says
 * its length and checksum. Each is written before anything else happens, so whatever ends the process, it leaves them, and the next run goes on.
 */
export class AnswerFile {
  /** Keys of the requests that earlier runs have answered; failed ones are tried again. */
  readonly answered: ReadonlySet<string>
  /** Damage by a crash of the machine, in words for people: these requests are run again. */
  readonly damage: readonly string[]
  readonly #places: ReadonlyMap<string, Place>
  /** The places of answers in the file, by line of the input. */
  readonly #placeOf = new Map<number, Place>()
  #end: number
  #numNew = 0
  #isFinished = false

  private constructor(
    readonly path: string,
    readonly file: number,
    readonly unlock: () => void,
    { places, damage, end }: Contents,
  ) {
    this.answered = new Set(places.keys())
    this.damage = damage
    this.#places = places
    this.#end = end
  }

  /**
   * Opens the file, with what an earlier run left in it unless `restart` says to forget that.
   * @throws UsageError if it cannot be written, is no such file, has answers of other settings, or is another process's
   */
  static async open(path: string, settings: AnswerSettings, restart: boolean): Promise<AnswerFile> {
    const file = openToAppend(path)
    let unlock: (() => void) | undefined
    try {
      unlock = lock(path)
      if (restart) ftruncateSync(file, 0)
      if (fstatSync(file).size > 0) {
        return new AnswerFile(path, file, unlock, await readAnswers(path, file, settings))
      }
      const answers = new AnswerFile(path, file, unlock, { places: new Map(), damage: [], end: 0 })
      answers.#append({ coppice_answers: settings })
      return answers
    } catch (error) {
      closeSync(file)
      if (error instanceof OutputFailed) rmSync(path, { force: true })
      unlock?.()
      throw error
    }
  }

  /** Answers that are here and nowhere else. */
  get kept(): number {
    return this.#isFinished ? 0 : this.answered.size + this.#numNew
  }

  /** @throws OutputFailed; the file then ends with the answer before */
  add(answer: Answer): void {
    if ('response' in answer) {
      const { key, response } = answer
      this.#placeOf.set(lineOf(response), this.#append({ ...response, request_key: key }))
      this.#numNew += 1
      return
    }
    const place = this.#places.get(answer.key)
    if (place) this.#placeOf.set(answer.line, place)
  }

  /** Writes the answers in the order of their lines to `out`, after which this file is needed no more. @throws OutputFailed */
  finish(out: string): void {
    const ordered = `${out}.ordered`
    try {
      const file = openSync(ordered, 'w')
      try {
        this.#writeOrdered(file)
      } finally {
        closeSync(file)
      }
      renameSync(ordered, out)
    } catch (cause) {
      rmSync(ordered, { force: true })
      throw new OutputFailed(`The answers cannot be put in order in ${out}: ${String(cause)}`, { cause })
    }
    this.#isFinished = true
  }

  /** Ends the use of the file, which is removed if it keeps nothing. */
  close(): void {
    closeSync(this.file)
    if (this.kept === 0) rmSync(this.path, { force: true })
    // the last thing: from now on the path may be another's
    this.unlock()
  }

  #writeOrdered(file: number): void {
    let portion: string[] = []
    let numBytes = 0
    const flush = () => {
      writeAll(file, Buffer.from(portion.join('')))
      portion = []
      numBytes = 0
    }
    for (const line of [...this.#placeOf.keys()].sort((a, b) => a - b)) {
      const place = this.#placeOf.get(line) as Place
      portion.push(`${JSON.stringify(atLine(line, JSON.parse(this.#read(place))))}\n`)
      numBytes += place.bytes
      if (numBytes >= PORTION_BYTES) flush()
    }
    flush()
  }

  #read({ begin, bytes }: Place): string {
    const buffer = Buffer.alloc(bytes)
    readSync(this.file, buffer, 0, bytes, begin)
    return buffer.toString()
  }

  #append(entry: object): Place {
    const bytes = Buffer.from(recordLine(entry))
    const place = { begin: this.#end, bytes: bytes.length }
    try {
      writeAll(this.file, bytes)
    } catch (cause) {
      ftruncateSync(this.file, this.#end)
      throw new OutputFailed(`Answers cannot be written to ${this.path}: ${String(cause)}`, { cause })
    }
    this.#end += bytes.length
    return place
  }
}

/** The contents that an earlier run has left. */
interface Contents {
  readonly places: ReadonlyMap<string, Place>
  readonly damage: readonly string[]
  /** Bytes of its whole lines. */
  readonly end: number
}

/** Holds other commands off the file. */
function lock(path: string): () => void {
  try {
    return takeLockFile(`${path}.lock`, path)
  } catch (error) {
    throw error instanceof InvalidRequest ? new UsageError(error.message) : error
  }
}

function openToAppend(path: string): number {
  try {
    return openSync(path, 'a+')
  } catch (cause) {
    throw new UsageError(`${path} cannot be written, where answers are kept as they come: ${String(cause)}`)
  }
}

/** All of `bytes`: a write may take only some of them. */
function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}

/** Where the answers of earlier runs are. What comes after the last whole line is cut off: its writing was interrupted. */
async function readAnswers(path: string, file: number, settings: AnswerSettings): Promise<Contents> {
  const { size } = fstatSync(file)
  const places = new Map<string, Place>()
  const damage: string[] = []
  let end = 0
  for await (const line of readLines(createReadStream(path), Number.POSITIVE_INFINITY)) {
    if (end + line.length === size) break
    const entry = readRecord(line)
    if (end === 0) checkSettings(path, entry ?? {}, settings)
    if (!entry) damage.push(damagedRecord(path, end, line))
    const { request_key: key, response } = (entry ?? {}) as {
      readonly request_key?: unknown
      readonly response?: unknown
    }
    if (typeof key === 'string' && response) places.set(key, { begin: end, bytes: line.length })
    end += line.length + 1
  }
  if (end === 0) checkSettings(path, {}, settings)
  ftruncateSync(file, end)
  return { places, damage, end }
}

function checkSettings(path: string, header: object, settings: AnswerSettings): void {
  if (!('coppice_answers' in header)) {
    throw new UsageError(
      `${path} is not the beginning of a job's answers. Move it away, or overwrite it with --restart.`,
    )
  }
  const [were, are] = [JSON.stringify(header.coppice_answers), JSON.stringify(settings)]
  if (were === are) return
  throw new UsageError(
    `${path} has answers of other settings: ${were}, not ${are}. Give the same ones, another --out, or --restart to drop these answers.`,
  )
}

/** A response as it stands in the file. */
interface Kept extends BatchResponse {
  readonly record: string
  readonly request_key: string
}

/** An entry as the response to a line, on which it may not have been when it was answered. */
function atLine(line: number, entry: object): object {
  const { record: _, request_key: __, ...kept } = entry as Kept
  const { response } = kept
  const before = lineOf(kept)
  if (!response || before === line) return kept
  // a server's own id says nothing of lines
  const requestId = response.request_id.replace(new RegExp(`-${before}$`), `-${line}`)
  const body = { ...response.body, id: requestId }
  return { ...kept, id: `batch_req_${line}`, response: { ...response, request_id: requestId, body } }
}
