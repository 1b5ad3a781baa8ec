import { Turns } from '../core/turns'
import type { AnswerLog, Kept } from './answer-log'

/** Bytes that are handed on at once, about: few pieces, and little memory. */
const PORTION_BYTES = 1 << 20

/** The answers that are there and wanted, as JSONL in the order of their rows. */
export function jsonl(log: AnswerLog, isWanted: (kept: Kept) => boolean): ReadableStream<Uint8Array<ArrayBuffer>> {
  const wanted = log.inOrder().filter(isWanted)
  const turns = new Turns()
  let at = 0
  return new ReadableStream({
    async pull(controller) {
      const lines: string[] = []
      for (let bytes = 0; at < wanted.length && bytes < PORTION_BYTES; bytes += wanted[at++].bytes) {
        lines.push(`${JSON.stringify(await log.read(wanted[at]))}\n`)
        await turns.give()
      }
      if (lines.length > 0) controller.enqueue(new TextEncoder().encode(lines.join('')))
      if (at === wanted.length) controller.close()
    },
  })
}
