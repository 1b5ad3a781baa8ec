import { InvalidRequest } from '../core/errors'
import type { EngineEvent } from '../engine/events'
import { checkHeader, fromLine } from './event-lines'

/** The events of a recording, in their order. @throws InvalidRequest where the file is damaged, or none of ours */
export async function* play(file: Blob): AsyncGenerator<EngineEvent, void, undefined> {
  let number = 0
  for await (const line of linesOf(file)) {
    number += 1
    if (number === 1) checkHeader(line)
    else yield fromLine(line, number)
  }
  if (number === 0) throw new InvalidRequest('The recording is empty.')
}

async function* linesOf(file: Blob): AsyncGenerator<string, void, undefined> {
  const unpacked = file.stream().pipeThrough(new DecompressionStream('gzip'))
  const reader = unpacked.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let next = await read(reader); !next.done; next = await read(reader)) {
    const lines = (rest + next.value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') throw new InvalidRequest('The recording ends within a line: it is cut off.')
}

async function read(reader: ReadableStreamDefaultReader<string>) {
  try {
    return await reader.read()
  } catch (cause) {
    throw new InvalidRequest('The recording is damaged or cut off: it is no whole gzip file.', { cause })
  }
}
