/**
 * What the embedded model loses by the formats of its weights, and of K and V, on held-out texts. The table in docs/benchmarks.md is
 * what `VITE_ALL_FORMATS=1 npx vitest run --project dawn test/engine/quality.test.ts` prints.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import tokenizerJson from '../../public/models/sprout/tokenizer.json'
import requests from '../../scripts/sprout/heldout.jsonl?raw'
import expected from '../../scripts/sprout/heldout-expected.json'
import { folderSource } from '../../src/index'
import { FORMATS } from '../../src/loader/gguf/formats'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { ENCODERS } from '../support/ggml-encode'
import { roundedModel } from '../support/rounded-model'
import { type Difference, difference, type Forced, forced } from '../support/teacher-forced'

/** All of the table's texts take long on a software adapter. */
const wantsTable = import.meta.env.VITE_ALL_FORMATS !== undefined
const TEXTS = ['triage-raw-28', 'category-raw-17', 'urgency-raw-03', 'extract-raw-05', 'sentiment-raw-39'].slice(
  0,
  wantsTable ? 5 : 1,
)

const source = folderSource('public/models/sprout')
const answers: Readonly<Record<string, unknown>> = expected
const texts = requests
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))
  .filter(({ custom_id: id }) => TEXTS.includes(id))
  .map(({ custom_id: id, body }) => {
    const answer = answers[id]
    return new Tokenizer(tokenizerJson, undefined).encode(
      `${body.prompt} ${typeof answer === 'string' ? answer : JSON.stringify(answer)}`,
    )
  })

/** A line of the table. */
function print(format: string, weightError: number, { divergence, agreement, perplexity }: Difference): void {
  const cells = [
    format,
    weightError.toExponential(1),
    divergence.toExponential(1),
    agreement.toFixed(4),
    perplexity.toFixed(4),
  ]
  console.info(`| ${cells.join(' | ')} |`)
}

describe('the embedded model on held-out texts', () => {
  let exact: Forced

  beforeAll(async () => {
    exact = await forced(source, texts, { weights: 'f32' })
  })

  it('knows them', () => {
    const own = difference(exact, exact, texts)
    print('f32', 0, own)
    expect(texts.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(500 * TEXTS.length)
    expect(own.perplexity).toBeLessThan(6)
  })

  it.each([
    ['f16', 1e-6, 0.999],
    ['q8', 1e-3, 0.98],
    ['q4', 0.02, 0.9],
  ] as const)('says nearly the same of weights in %s', async (weights, divergence, agreement) => {
    const rounded = await forced(source, texts, { weights })
    const lost = difference(exact, rounded, texts)
    print(weights, rounded.weightError, lost)
    expect(lost.divergence).toBeLessThanOrEqual(divergence)
    expect(lost.agreement).toBeGreaterThanOrEqual(agreement)
  })

  it.each([
    ['int8', 1e-4, 0.98],
    ['int4', 0.01, 0.93],
  ] as const)('says nearly the same with K and V in %s', async (kv, divergence, agreement) => {
    const lost = difference(exact, await forced(source, texts, { weights: 'f32', kv }), texts)
    print(`K and V in ${kv}`, 0, lost)
    expect(lost.divergence).toBeLessThanOrEqual(divergence)
    expect(lost.agreement).toBeGreaterThanOrEqual(agreement)
  })

  it.runIf(wantsTable)(
    'and in the formats of GGUF files',
    async () => {
      for (const { name, decode } of FORMATS.values()) {
        const encode = ENCODERS[name]
        if (!encode) continue
        const model = await roundedModel(source, values => {
          const out = new Float32Array(values.length)
          decode(encode(values), out)
          return out
        })
        print(name, model.weightError, difference(exact, await forced(model.source, texts, { weights: 'f32' }), texts))
      }
    },
    1_800_000,
  )
})
