import { expect, test } from 'vitest'
import { readLine } from '../../src/api/batch-request'
import type { Engine, GenerationResult } from '../../src/index'
import { answerRows } from '../../src/jobs/answer-rows'
import type { Row } from '../../src/jobs/rows'

/** An engine that answers each prompt with nothing. */
const engine = {
  async *generate(prompts: readonly unknown[]) {
    for (const index of prompts.keys()) {
      const usage = { promptTokens: 1, completionTokens: 0, cachedTokens: 0 }
      yield { index, text: '', tokenIds: [], finishReason: 'length', usage } as unknown as GenerationResult
    }
  },
} as unknown as Engine

async function* rows(count: number): AsyncGenerator<Row> {
  for (let line = 1; line <= count; line++) {
    const { outcome } = readLine('{"prompt":"a"}', line)
    yield { line, customId: `row-${line}`, outcome, bytes: 14 }
  }
}

function answering(count: number, keep: (line: number) => Promise<void>, windowRows = 4): Promise<void> {
  return answerRows(engine, rows(count), {
    model: 'm',
    maxTokens: undefined,
    createdAt: 0,
    priority: 'background',
    windowRows,
    signal: new AbortController().signal,
    keep: ({ id }) => keep(Number(id.split('_').at(-1))),
  })
}

/** Long enough for whatever does not wait for it to be over. */
const later = () => new Promise(resolve => setTimeout(resolve, 10))

test('an answer that cannot be kept ends it, also if it is the last', async () => {
  for (const failing of [1, 6]) {
    const keep = async (line: number) => {
      await later()
      if (line === failing) throw new Error(`no room for ${line}`)
    }
    await expect(answering(6, keep)).rejects.toThrow(`no room for ${failing}`)
  }
})

test('rows are unanswered until their answers are kept', async () => {
  let numKept = 0
  let atLast = 0
  const keep = async (line: number) => {
    if (line === 9) atLast = numKept
    await later()
    numKept++
  }
  await answering(9, keep)
  // the third window waits until no more than half of one is unanswered
  expect(atLast).toBeGreaterThanOrEqual(6)
  expect(numKept).toBe(9)
})
