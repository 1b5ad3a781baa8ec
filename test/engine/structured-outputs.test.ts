import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BatchResponse, runJob } from '../../src/batch'
import { createEngine, type Engine, folderSource, type GenerationParams } from '../../src/index'
import type { ChatCompletion } from '../../src/openai'
import { sharedDevice } from '../support/device'

const TICKET = {
  type: 'object',
  properties: {
    topic: { enum: ['billing', 'shipping', 'technical'] },
    urgency: { type: 'integer', minimum: 1, maximum: 5 },
    words: { type: 'array', items: { type: 'string', maxLength: 8 }, maxItems: 2 },
  },
  required: ['topic', 'urgency', 'words'],
  additionalProperties: false,
}
const DATE = {
  type: 'object',
  properties: { on: { type: 'string', format: 'date' } },
  required: ['on'],
  additionalProperties: false,
}

/** What answers are held to, and whether a text satisfies it. */
const KINDS: readonly (readonly [GenerationParams, (text: string) => boolean])[] = [
  [{ structuredOutputs: { json: TICKET } }, isValid(TICKET)],
  [{ structuredOutputs: { json: JSON.stringify(DATE) } }, isValid(DATE)],
  [{ structuredOutputs: { regex: '[a-c]{3}-\\d+[.!]' } }, text => /^[a-c]{3}-\d+[.!]$/.test(text)],
  [
    { structuredOutputs: { choice: ['yes', 'no', 'ja, natürlich 😀'] } },
    text => /^(yes|no|ja, natürlich 😀)$/.test(text),
  ],
  [{ structuredOutputs: { grammar: 'root ::= "(" root? ")" | "x"' } }, isNested],
  [
    { structuredOutputs: { grammar: 'start: WORD (" " WORD)~2\nWORD: /[a-z]{2,5}/' } },
    text => /^[a-z]{2,5}( [a-z]{2,5}){2}$/.test(text),
  ],
]

function isValid(schema: object): (text: string) => boolean {
  const validate = new Ajv2020().addFormat('date', /^\d{4}-\d\d-\d\d$/).compile(schema)
  return text => validate(JSON.parse(text))
}

function isNested(text: string): boolean {
  const inner = text.replaceAll('x', '')
  return inner === '('.repeat(inner.length / 2) + ')'.repeat(inner.length / 2) && text.split('x').length <= 2
}

/** Which of two rules called each `a` is not known before the end. */
const AMBIGUOUS = `root ::= t | u | "${'a'.repeat(40)}!"\nt ::= "a" root "b"\nu ::= "a" root "c"`

let engine: Engine
beforeAll(async () => {
  const source = folderSource('public/models/sprout')
  engine = await createEngine(source, { device: await sharedDevice(), blocks: 512, contextLength: 512 })
})
afterAll(() => engine.dispose())

/** Rows of all kinds, in turn, each with its own prompt and seed. */
function rowsOf(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const [held, satisfies] = KINDS[index % KINDS.length]
    const draws: GenerationParams[] = [
      {},
      { temperature: 0.8 },
      { temperature: 1, topK: 50, logprobs: 2 },
      { repetitionPenalty: 1.2 },
    ]
    const params = { maxTokens: 120, seed: index, ...draws[Math.floor(index / KINDS.length) % draws.length], ...held }
    return { prompt: `Ticket ${index}: my parcel has not arrived.`, params, satisfies }
  })
}

describe('structured outputs', () => {
  it('of several kinds in one batch, beside free rows: what ends satisfies its own, and each row is as alone', async () => {
    const rows = rowsOf(24)
    const free = { prompt: 'Once upon a time', params: { maxTokens: 16, ignoreEos: true } }
    const all = [...rows, free, { prompt: 'A', params: { maxTokens: 30, structuredOutputs: { grammar: AMBIGUOUS } } }]
    const prompts = all.map(({ prompt }) => prompt)
    const params = all.map(({ params }) => params)
    const together = await engine.generate(prompts, params).all()
    expect(together.at(-1)?.error).toEqual(expect.objectContaining({ message: expect.stringMatching(/1024 ways/) }))
    let numStopped = 0
    for (const [index, { satisfies }] of rows.entries()) {
      const { text, finishReason } = together[index]
      expect(['stop', 'length'], text).toContain(finishReason)
      if (finishReason === 'length') continue
      numStopped++
      expect(satisfies(text), `row ${index}: ${text}`).toBe(true)
    }
    expect(numStopped).toBeGreaterThan(18)
    for (const index of [0, 7, 14, 21, 24]) {
      const [alone] = await engine.generate([prompts[index]], [params[index]]).all()
      expect(alone.tokenIds).toEqual(together[index].tokenIds)
    }
  })

  it('of a job’s lines, each with a `response_format` of its own: valid, and the same as alone', async () => {
    const lines = Array.from({ length: 6 }, (_, index) => {
      const schema = index % 2 ? TICKET : DATE
      return JSON.stringify({
        messages: [{ role: 'user', content: `Ticket ${index}: my parcel has not arrived.` }],
        max_tokens: 120,
        seed: index,
        temperature: index % 3 ? 0.9 : 0,
        response_format: { type: 'json_schema', json_schema: { name: 'ticket', strict: true, schema } },
      })
    })
    const contentOf = ({ response }: BatchResponse) =>
      (response as { body: ChatCompletion } | null)?.body.choices[0].message.content ?? ''
    const { responses } = await runJob(engine, lines)
    const texts = responses.map(contentOf)
    for (const [index, text] of texts.entries()) {
      expect(isValid(index % 2 ? TICKET : DATE)(text), text).toBe(true)
    }
    for (const index of [3, 4]) {
      const alone = await runJob(engine, [lines[index]])
      expect(contentOf(alone.responses[0])).toBe(texts[index])
    }
  })
})
