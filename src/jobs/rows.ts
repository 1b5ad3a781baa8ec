import type { RequestModel } from '../api/api-request'
import { type ReadLine, readLine } from '../api/batch-request'
import { CustomIds } from '../api/custom-ids'
import { isBlank, type Line } from '../api/lines'
import { Turns } from '../core/turns'

/** A request of a job, read, under the name that its answer has. */
export interface Row {
  readonly line: number
  readonly customId: string
  readonly outcome: ReadLine['outcome']
  /** Bytes of its line. */
  readonly bytes: number
}

/** The names of a job's rows. */
export interface RowNames {
  readonly given: CustomIds
  /** Those of lines without, as they are needed. */
  readonly generated: Map<number, string>
}

/** The names that lines give themselves, all of which must be known before one can be made for a line without. */
export async function namesIn(lines: AsyncIterable<Line>): Promise<RowNames> {
  const given = new CustomIds()
  for await (const { text, line } of inTurns(lines)) given.give(readLine(text, line).customId, line)
  return { given, generated: new Map() }
}

/** The rows on lines for which `isWanted`; of two of one name the later is in error. */
export async function* rowsOf(
  lines: AsyncIterable<Line>,
  { given, generated }: RowNames,
  model: RequestModel,
  isWanted: (line: number) => boolean,
): AsyncGenerator<Row, void, undefined> {
  for await (const { text, line } of inTurns(lines)) {
    if (!isWanted(line)) continue
    const { customId, outcome } = readLine(text, line, model)
    if (customId === undefined && !generated.has(line)) generated.set(line, given.generate(line))
    const name = customId ?? (generated.get(line) as string)
    yield { line, customId: name, outcome: given.give(customId, line) ?? outcome, bytes: text.length }
  }
}

/** Lines that are not blank, with their numbers from 1; others have their turn between them. */
async function* inTurns(lines: AsyncIterable<Line>) {
  let line = 0
  const turns = new Turns()
  for await (const text of lines) {
    line++
    await turns.give()
    if (!isBlank(text)) yield { text, line }
  }
}
