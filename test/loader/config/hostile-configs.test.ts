/** Any config.json and any sizes asked for end as a plan or as a typed error, soon: an `InvariantViolation` is a fault of ours. */
import { expect, test } from 'vitest'
import { nullGpu } from '../../../src/bench/common/null-gpu'
import { CoppiceError } from '../../../src/core/errors'
import type { JsonObject } from '../../../src/core/json'
import { assemble } from '../../../src/engine/open/assemble'
import { completeOptions, type EngineOptions } from '../../../src/engine/options'
import { planEngine } from '../../../src/engine/plan/plan-engine'
import { openGpu } from '../../../src/gpu/device'
import type { Checkpoint } from '../../../src/loader'
import { ARCHITECTURE_NAMES, findArchitecture } from '../../../src/loader/architectures'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { pick } from '../../support/for-each-seed'
import { random } from '../../support/random'

const SIZES = {
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 512,
}
const GPT2_SIZES = { vocab_size: 300, n_embd: 64, n_layer: 2, n_head: 4, n_positions: 512 }

/** A small model of each architecture, with the fields that it reads. */
const MODELS = ARCHITECTURE_NAMES.map(name => ({
  config: { architectures: [name], ...(name === 'GPT2LMHeadModel' ? GPT2_SIZES : SIZES) } as JsonObject,
  reads: findArchitecture(name)?.reads ?? [],
}))

const NUMBERS = [0, -1, 1.5, 8, 24, 1000, 65_537, 1e12, 1e300, Number.NaN]
const OTHERS = [Number.POSITIVE_INFINITY, null, '8', [], {}, true, ['sliding_attention', 'full_attention']]
const VALUES = [...NUMBERS, ...OTHERS]

const NO_WEIGHTS: Checkpoint = {
  ...{ name: 'none', describedBy: 'none', hasPlainLayout: false },
  ...{ tensors: new Map(), unusable: new Map(), files: [] },
}
const SMALL = completeOptions({ weights: 'q4', kv: 'f16', blocks: 64, tokenBudget: 32 })

const gpu = await openGpu({ gpu: nullGpu(() => undefined) })

/** The name of what becomes of it. */
function outcome(what: string, body: () => unknown): string {
  try {
    body()
    return 'engine'
  } catch (error) {
    if (error instanceof CoppiceError) return error.name
    throw new Error(`${what}: ${error}`, { cause: error })
  }
}

function count(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

test('any value of any field that an architecture reads is a plan or a typed error', () => {
  const outcomes = MODELS.flatMap(({ config, reads }) =>
    reads.flatMap(field =>
      VALUES.map(value =>
        outcome(`${config.architectures}: ${field} = ${value}`, () =>
          planEngine(gpu.limits, parseModelConfig({ ...config, [field]: value }), NO_WEIGHTS, SMALL),
        ),
      ),
    ),
  )
  const counts = count(outcomes)
  for (const name of ['engine', 'UnsupportedModel', 'CorruptCheckpoint']) expect(counts[name]).toBeGreaterThan(100)
})

test('any two fields together are an engine with all its kernels or a typed error', () => {
  const outcomes = Array.from({ length: 300 }, (_, seed) => {
    const source = random(seed + 1)
    const { config, reads } = pick(source, MODELS)
    const value = () => pick(source, [8, 16, 24, 64, 96, 504, 512, null, true])
    const fields = { [pick(source, reads)]: value(), [pick(source, reads)]: value() }
    return outcome(`seed ${seed + 1}: ${config.architectures} with ${JSON.stringify(fields)}`, () =>
      assemble(gpu, parseModelConfig({ ...config, ...fields }), NO_WEIGHTS, SMALL),
    )
  })
  expect(count(outcomes).engine).toBeGreaterThan(20)
})

test.each<[EngineOptions, string]>([
  [{ blocks: 2 ** 53 }, 'OutOfMemory'],
  [{ tokenBudget: 2 ** 53 }, 'OutOfMemory'],
  [{ contextLength: 2 ** 53 }, 'InvalidRequest'],
  [{ study: { stepsInFlight: 1e9 } }, 'InvalidRequest'],
  [{ blocks: 0 }, 'InvalidRequest'],
  [{ tokenBudget: Number.NaN }, 'InvalidRequest'],
  [{ memoryBytes: 1 }, 'OutOfMemory'],
  [{ memoryBytes: 1e300 }, 'engine'],
  [{ blocks: 1, tokenBudget: 1, contextLength: 1 }, 'engine'],
])('%j ends as %s', (options, expected) => {
  const [{ config }] = MODELS
  const plan = () => {
    const settings = completeOptions({ weights: 'q4', ...options })
    return planEngine(gpu.limits, parseModelConfig(config), NO_WEIGHTS, settings)
  }
  expect(outcome('', plan)).toBe(expected)
})

test('a config.json that states a context beyond all models is planned for as the longest of them', () => {
  const [{ config }] = MODELS
  const planOf = (positions: number) => {
    const model = parseModelConfig({ ...config, max_position_embeddings: positions })
    return planEngine(gpu.limits, model, NO_WEIGHTS, completeOptions({ weights: 'q4' })).memory
  }
  expect(planOf(2 ** 28)).toEqual(planOf(2 ** 18))
  expect(planOf(2 ** 28).contextLength).toBe(2 ** 18)
})
