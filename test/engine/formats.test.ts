import { describe, expect, it } from 'vitest'
import { createEngine, type EngineOptions, type ModelSource, type WeightKind } from '../../src/index'
import { quantisedGguf } from '../loader/gguf/quantised-gguf'
import { type Files, memorySource } from '../loader/memory-source'
import { sharedDevice } from '../support/device'
import { FORMS } from '../support/packed-forms'
import { type PackedOptions, packedFormModel, packedModel } from '../support/seeded-packed'
import type { SeededConfig } from '../support/seeded-weights'

/** Rows of whole groups of 64, and of whole blocks of 256 where there are any. */
const CONFIG: SeededConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 301,
  hidden_size: 256,
  intermediate_size: 256,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 64,
  hidden_act: 'silu',
  rms_norm_eps: 2 ** -17,
  rope_theta: 10000,
  max_position_embeddings: 128,
  tie_word_embeddings: false,
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: 256,
  eos_token_id: 257,
}
const PROMPTS = [[1, 2, 3], [300, 17, 256, 4, 9, 88, 105, 12, 5, 6, 7, 8, 90, 91, 92, 93, 94, 95], [42]]

/** What a model writes, and what became of its weights. */
async function run(source: ModelSource, options: EngineOptions = {}) {
  const device = await sharedDevice()
  const engine = await createEngine(source, { device, blocks: 32, tokenBudget: 64, ...options })
  const results = await engine.generate(PROMPTS, { maxTokens: 6, ignoreEos: true, logprobs: 1 }).all()
  const { weights } = engine
  engine.dispose()
  return { results: results.map(({ tokenIds, logprobs }) => ({ tokenIds, logprobs })), weights }
}

/** The first format whose pattern a tensor's name has. */
const formats =
  (...choices: readonly (readonly [RegExp, string])[]) =>
  (name: string) =>
    choices.find(([names]) => names.test(name))?.[1] ?? ''

const kinds = (weights: readonly WeightKind[]) => weights.map(({ source, format }) => `${source} ${format}`).sort()

const CHUNK = 2 ** 16
const folder = (files: Files) => memorySource(files, CHUNK)
const gguf = (files: Files) => ({ ...memorySource(files, CHUNK), gguf: 'model.gguf' })

describe('a GGUF file', () => {
  it('of integers that we can keep keeps them and writes what the same floats write, bit for bit', async () => {
    const formatOf = formats([/q_proj|o_proj|embed/, 'Q4_0'], [/v_proj|down|lm_head/, 'Q5_0'], [/./, 'Q8_0'])
    const { gguf: files, plain } = quantisedGguf(CONFIG, 3, formatOf)
    const { results, weights } = await run(gguf(files))
    // q is stacked on k and v, which have 8 bits
    expect(kinds(weights)).toEqual(['Q4_0 q4', 'Q4_0 q8', 'Q5_0 q8', 'Q8_0 q8'])
    expect(weights.map(({ relativeRms }) => relativeRms)).toEqual([0, 0, 0, 0])
    expect(results).toEqual((await run(folder(plain))).results)
  })

  it('of a mixture keeps what it can, and as f32 writes what the same floats write, bit for bit', async () => {
    const formatOf = formats(
      [/v_proj|lm_head/, 'Q6_K'],
      [/embed/, 'Q4_1'],
      [/k_proj|o_proj/, 'Q5_K'],
      [/down/, 'Q5_1'],
      [/./, 'Q4_K'],
    )
    const { gguf: files, plain } = quantisedGguf(CONFIG, 3, formatOf)
    const exact = await run(folder(plain))
    expect((await run(gguf(files), { weights: 'f32' })).results).toEqual(exact.results)

    const { results, weights } = await run(gguf(files))
    expect(kinds(weights)).toEqual(['Q4_1 q4', 'Q4_K q4', 'Q4_K q8', 'Q5_1 q8', 'Q5_K q8', 'Q6_K q8'])
    for (const { source, relativeRms } of weights) expect(relativeRms).toBeLessThan(source === 'Q6_K' ? 1e-2 : 1e-3)
    const first = (answers: typeof results) => answers.map(({ logprobs }) => logprobs?.[0].logprob ?? 0)
    first(results).forEach((logprob, i) => {
      expect(Math.abs(logprob - first(exact.results)[i])).toBeLessThan(0.05)
    })
  })
})

describe('a checkpoint of 4-bit integers', () => {
  it.each<PackedOptions>([
    { method: 'gptq', group: 128, isSymmetric: true, version: 'gptq_v2', isShuffled: true },
    { method: 'awq', group: 32 },
  ])('writes what the same floats write, bit for bit: %o', async options => {
    const { packed, plain } = packedModel(CONFIG, 7, options)
    const { results, weights } = await run(folder(packed))
    expect(weights.map(({ source, format, relativeRms }) => [source, format, relativeRms])).toEqual([
      [options.method.toUpperCase(), 'q4', 0],
      ['F32', 'f32', 0],
    ])
    expect(results).toEqual((await run(folder(plain))).results)
  })
})

describe('a checkpoint of another form', () => {
  it.each<[string, keyof typeof FORMS, EngineOptions, [source: string, format: string]]>([
    ['as it is', 'compressed INT4, groups of 64 with zeros', {}, ['INT4', 'q4']],
    ['as f32', 'FP8, blocks of 128 × 128', { weights: 'f32' }, ['FP8', 'f32']],
  ])('writes what the same floats write, bit for bit, %s: %s', async (_, name, options, kind) => {
    const { packed, plain } = packedFormModel(CONFIG, 7, FORMS[name])
    const { results, weights } = await run(folder(packed), options)
    expect(weights.map(({ source, format, relativeRms }) => [source, format, relativeRms])).toContainEqual([...kind, 0])
    expect(results).toEqual((await run(folder(plain))).results)
  })
})
