import type { BatchResponse } from '../api/batch-response'
import { isJsonObject } from '../core/json'
import type { Store } from '../storage/store'
import { lineOf } from './answer-line'
import { joinBytes } from './join-bytes'
import { damagedRecord, type LogLine, logLines, recordLine } from './record'
import { Segments, segmentName } from './segments'

/** Bytes from which on a segment is left as it is. Until then each flush writes it anew, whole. */
export const SEGMENT_BYTES = 256 * 1024

/** An answer that is kept: what is known of it without reading it again. */
export interface Kept {
  readonly line: number
  readonly segment: string
  readonly begin: number
  readonly bytes: number
  readonly isFailed: boolean
  readonly promptTokens: number
  readonly decodeTokens: number
}

/**
 * The answers of a job in a store, a record each, in the order in which they came. Segments are put in place whole, so what ends
 * a program in the middle of a write takes nothing that was there; should the machine itself lose something, records
 * say so, and the rows are answered again. One writes at a time, others may read meanwhile.
 */
export class AnswerLog {
  /** In the order in which they came. */
  readonly answers: Kept[] = []
  readonly counts = { done: 0, failed: 0, promptTokens: 0, decodeTokens: 0 }
  /** Records that were not whole, in words for people. */
  readonly damage: string[] = []
  readonly #segments: Segments
  /** Bytes of each segment that were read. */
  readonly #numRead = new Map<string, number>()
  readonly #byLine = new Map<number, Kept>()
  #numSegments = 0
  /** The segment that is being filled, and what it holds on disk. */
  #tail: { readonly name: string; readonly bytes: Uint8Array } | undefined
  #pending: Uint8Array[] = []
  /** One write at a time. */
  #flushing: Promise<undefined> = Promise.resolve(undefined)

  constructor(store: Store, folder: string) {
    this.#segments = new Segments(store, folder)
  }

  has(line: number): boolean {
    return this.#byLine.has(line)
  }

  /** The answers in the order of their rows. */
  inOrder(): Kept[] {
    return [...this.answers].sort((a, b) => a.line - b.line)
  }

  /** Answers that are not on disk yet. */
  get numPending(): number {
    return this.#pending.length
  }

  /** Bytes that the next flush writes. */
  get flushBytes(): number {
    return this.#pending.reduce((sum, { length }) => sum + length, this.#tail?.bytes.length ?? 0)
  }

  /** Takes in what others have written: all segments, or one. */
  async follow(segment?: string): Promise<void> {
    const names = segment === undefined ? await this.#segments.names() : [segment]
    for (const name of names) this.#index(name, await this.#segments.read(name))
  }

  async read({ segment, begin, bytes }: Kept): Promise<BatchResponse> {
    const log = await this.#segments.read(segment, begin + bytes)
    const { record: _, ...response } = JSON.parse(new TextDecoder().decode(log.subarray(begin, begin + bytes)))
    return response
  }

  add(response: BatchResponse): void {
    this.#pending.push(new TextEncoder().encode(recordLine(response)))
  }

  /**
   * Puts on disk what was added before; then only is it among `answers`. Gives the segment's name. What cannot be written stays
   * pending.
   * @throws the platform's error
   */
  flush(): Promise<string | undefined> {
    const writing = this.#flushing.then(() => (this.#pending.length > 0 ? this.#write() : undefined))
    // whoever waits here hears of it, and whoever comes after tries again
    this.#flushing = writing.then(nothing, nothing)
    return writing
  }

  async #write(): Promise<string> {
    const added = this.#pending.slice()
    // a name of its own: what an owner that is gone has still under way goes elsewhere
    const name = this.#tail?.name ?? `${segmentName(this.#numSegments)}-${crypto.randomUUID().slice(0, 8)}`
    const bytes = joinBytes([this.#tail?.bytes ?? new Uint8Array(), ...added])
    await this.#segments.write(name, bytes)
    this.#pending.splice(0, added.length)
    this.#tail = { name, bytes }
    this.#index(name, bytes)
    if (bytes.length >= SEGMENT_BYTES) this.#tail = undefined
    return name
  }

  /** Takes in what is new of a segment. */
  #index(name: string, log: Uint8Array): void {
    const begin = this.#numRead.get(name) ?? 0
    this.#numSegments = Math.max(this.#numSegments, Number.parseInt(name, 10) + 1)
    let end = begin
    for (const line of logLines(log, begin)) {
      end = line.begin + line.bytes + 1
      const kept = keptOf(name, line)
      if (!kept) this.damage.push(damagedRecord(`log/${name}`, line.begin, log.subarray(line.begin, end - 1)))
      else if (!this.#byLine.has(kept.line)) {
        this.#byLine.set(kept.line, kept)
        this.answers.push(kept)
        this.counts.done += 1
        this.counts.failed += Number(kept.isFailed)
        this.counts.promptTokens += kept.promptTokens
        this.counts.decodeTokens += kept.decodeTokens
      }
    }
    if (end < log.length) this.damage.push(damagedRecord(`log/${name}`, end, log.subarray(end)))
    this.#numRead.set(name, Math.max(begin, log.length))
  }
}

function nothing(): undefined {
  return undefined
}

function keptOf(segment: string, { begin, bytes, entry }: LogLine): Kept | undefined {
  if (!entry) return undefined
  const { error, response } = entry as unknown as BatchResponse
  const line = lineOf(entry as unknown as BatchResponse)
  if (!Number.isInteger(line)) return undefined
  const body = response?.body as { readonly usage?: unknown } | undefined
  const usage = isJsonObject(body?.usage) ? body.usage : {}
  return {
    line,
    segment,
    begin,
    bytes,
    isFailed: error !== null,
    promptTokens: Number(usage.prompt_tokens ?? 0),
    decodeTokens: Number(usage.completion_tokens ?? 0),
  }
}
