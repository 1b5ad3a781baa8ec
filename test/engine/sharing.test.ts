import { beforeAll, describe, expect, it } from 'vitest'
import { samplingParams } from '../../src/engine/sampling-params'
import { createEngine, type Engine, type EngineOptions } from '../../src/index'
import { sharedDevice } from '../support/device'
import { type Driven, drivenEngine, type Request, TINY, TINY_SEED } from '../support/engine'
import { random } from '../support/random'
import { seededModel } from '../support/seeded-weights'

const { int } = random(5)
const tokens = (count: number) => Array.from({ length: count }, () => int(0, TINY.vocab_size))

/**
 * A tree of three levels that forks inside blocks and beyond the first segments of attention, one prompt that is another's
 * beginning, some that are the same, and some that have nothing in common with any. Every third request samples.
 */
const instruction = tokens(150)
const documents = [tokens(75), tokens(140)].map(document => [...instruction, ...document])
const sections = documents.flatMap(document => [tokens(33), tokens(9)].map(section => [...document, ...section]))
const prompts = [
  ...sections.flatMap(section => Array.from({ length: 5 }, () => [...section, ...tokens(int(1, 30))])),
  documents[0],
  sections[1],
  sections[1],
  instruction.slice(0, 40),
  ...Array.from({ length: 3 }, () => tokens(int(2, 60))),
]
const requests: Request[] = prompts.map((prompt, index) => ({
  prompt,
  params: samplingParams(
    {
      maxTokens: int(3, 20),
      ignoreEos: true,
      seed: index,
      ...(index % 3 === 0 ? { temperature: 0.9, topP: 0.95 } : {}),
      ...(index % 7 === 0 ? { presencePenalty: 0.4 } : {}),
    },
    TINY.vocab_size,
  ),
}))
const promptTokens = prompts.reduce((sum, prompt) => sum + prompt.length, 0)

async function withEngine<T>(options: EngineOptions, use: (engine: Engine) => Promise<T>): Promise<T> {
  const device = await sharedDevice()
  const engine = await createEngine(seededModel(TINY, TINY_SEED), { device, blocks: 256, ...options })
  try {
    return await use(engine)
  } finally {
    engine.dispose()
  }
}

async function answers(engine: Engine): Promise<(readonly number[])[]> {
  const params = requests.map(({ params }) => params)
  return (await engine.generate(prompts, params).all()).map(({ tokenIds }) => tokenIds)
}

/** What an engine of its own plans, answers and counts. */
const runOnce = (options: EngineOptions) =>
  withEngine(options, async engine => {
    const plan = await engine.plan(
      prompts,
      requests.map(({ params }) => params),
    )
    const { steps } = await engine.stats()
    return { plan, planned: { steps }, tokens: await answers(engine), stats: await engine.stats() }
  })

const runs = new Map<string, ReturnType<typeof runOnce>>()

/** As `runOnce`, which takes seconds: all laws about the same options look at one run. */
function run(options: EngineOptions): ReturnType<typeof runOnce> {
  const key = JSON.stringify(options)
  const known = runs.get(key) ?? runOnce(options)
  runs.set(key, known)
  return known
}

describe('sharing never changes the answers', () => {
  let alone: (readonly number[])[]
  beforeAll(async () => {
    const driven: Driven = await drivenEngine(TINY, TINY_SEED, {
      blocks: 256,
      study: { sharing: 'off', attention: 'flat' },
    })
    alone = []
    for (const request of requests) alone.push(...(await driven.run([request])))
    driven.dispose()
  })

  it.each([
    { study: { sharing: 'off' } },
    { study: { sharing: 'off', attention: 'flat' } },
    { study: { sharing: 'cache' } },
    { study: { sharing: 'cache', attention: 'flat' }, tokenBudget: 64 },
    { study: { sharing: 'two-level' } },
    { study: { sharing: 'two-level', attention: 'split', order: 'dual' } },
    { study: { sharing: 'tree' } },
    { study: { sharing: 'tree', attention: 'flat' } },
    { study: { sharing: 'tree', attention: 'split' } },
    { study: { sharing: 'tree', attention: 'split' }, tokenBudget: 24 },
    { study: { sharing: 'tree', order: 'fcfs', stepsInFlight: 1 }, tokenBudget: 100 },
    { study: { sharing: 'tree', order: 'dual', stepsInFlight: 4 } },
    { study: { sharing: 'tree' }, blocks: 40 },
  ] as const satisfies EngineOptions[])('%o', async options => expect((await run(options)).tokens).toEqual(alone))

  it('asked a second time, when everything is remembered', () =>
    withEngine({}, async engine => {
      await answers(engine)
      const { savedTokens } = await engine.stats()
      expect(await answers(engine)).toEqual(alone)
      expect((await engine.stats()).savedTokens - savedTokens).toBe(promptTokens - prompts.length)
    }))

  it('asked while the same is under way', () =>
    withEngine({ tokenBudget: 100 }, async engine => {
      expect(await Promise.all([answers(engine), answers(engine)])).toEqual([alone, alone])
    }))
})

describe('what a plan predicts is what happens, exactly', () => {
  // none of the prompts that are the beginning of another fills its last block: else `cache` would save a token more
  it.each(['off', 'cache', 'two-level', 'tree'] as const)('%s', async sharing => {
    const { plan, planned, stats } = await run({ study: { sharing } })
    expect(plan.promptTokens).toBe(promptTokens)
    expect(planned.steps).toBe(0)
    const { prefillTokens, savedTokens, preemptions, usedBlocks } = stats
    expect({ prefillTokens, savedTokens }).toEqual({
      prefillTokens: plan.computeTokens,
      savedTokens: plan.savedTokens,
    })
    expect([preemptions, usedBlocks]).toEqual([0, 0])
  })

  it('the tree of the prompts is computed once, but for last tokens, which logits need', () =>
    withEngine({}, async engine => {
      const { computeTokens, treeTokens, forcedTokens } = await engine.plan(prompts)
      expect(computeTokens).toBe(treeTokens + forcedTokens)
      // of the four that end where others go on or end too
      expect(forcedTokens).toBe(4)
    }))
})

it('shared blocks are read once where that is cheaper', async () => {
  const read = async (options: EngineOptions) => (await run(options)).stats.kvBytesRead
  const flat = await read({ study: { sharing: 'tree', attention: 'flat' } })
  const split = await read({ study: { sharing: 'tree', attention: 'split' } })
  const shared = await read({ study: { sharing: 'tree' } })
  expect(split).toBeLessThan(flat / 2)
  expect(shared).toBeLessThan(flat / 2)
  expect(shared).toBeGreaterThanOrEqual(split)
})

it('a chat turn computes only what is new', () =>
  withEngine({}, async engine => {
    const first = tokens(100)
    const [reply] = await engine.generate([first], { maxTokens: 30, ignoreEos: true }).all()
    const before = await engine.stats()
    const next = [...first, ...reply.tokenIds, ...tokens(7)]
    await engine.generate([next], { maxTokens: 2 }).all()
    // 129 tokens have K and V, 128 of which fill blocks
    expect((await engine.stats()).prefillTokens - before.prefillTokens).toBe(next.length - 128)
  }))
