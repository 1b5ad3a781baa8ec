import { Turns } from '../core/turns'
import type { ReadLine } from './batch-request'
import { CustomIds } from './custom-ids'
import { hashOf, isBlank, type Line } from './lines'

/** A request with its name, and what tells that it is still the same. */
export interface NamedLine<T> {
  readonly line: number
  readonly customId: string
  readonly key: string
  readonly outcome: ReadLine<T>['outcome']
}

/** The requests on all lines that are not blank. Missing names can be given only when all names are known. */
export async function readNamedLines<T>(
  lines: Iterable<Line> | AsyncIterable<Line>,
  readLine: (text: Line, line: number) => ReadLine<T>,
  signal: AbortSignal | undefined,
): Promise<NamedLine<T>[]> {
  const ids = new CustomIds()
  const read: (ReadLine<T> & { readonly hash: string })[] = []
  let line = 0
  const turns = new Turns()
  for await (const text of lines) {
    line += 1
    await turns.give()
    signal?.throwIfAborted()
    if (isBlank(text)) continue
    const found = readLine(text, line)
    const repeated = ids.give(found.customId, line)
    read.push({ ...found, outcome: repeated ?? found.outcome, hash: hashOf(text) })
  }
  return read.map(({ line, customId = ids.generate(line), hash, outcome }) => {
    return { line, customId, key: `${hash} ${customId}`, outcome }
  })
}
