import { describe, expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import { blocksFor } from '../../src/core/block'
import { blocksInSight } from '../../src/kv/block-table'
import { COMMON } from '../../src/kv/share'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'
import { Drive } from './drive'
import { all, checkOutput, MODES, randomPrompts, runSharing, SCOPES, sequences, treeTokens } from './prompt-trees'
import { endless, promptOf, sequence } from './simulated-gpu'

const BUDGETS = [1, 7, 16, 64]
const WINDOWS = [16, 17, 31, 32, 40, 64, 100, 200]
const DEPTH = 4

/** Blocks of a windowed group that any sequence can run in, alone. */
function least(window: number, budget: number): number {
  return blocksInSight(window, budget) + 1
}

/** A full group and a windowed one, or the latter alone. */
function randomGroups(random: Random, budget: number, most: number) {
  const window = pick(random, WINDOWS)
  const windowed = { numBlocks: least(window, budget) + random.int(0, most), window }
  return random.next() < 0.3 ? [windowed] : [{ numBlocks: random.int(10, 10 + most) }, windowed]
}

describe('sequences whose windowed layers give up their blocks', () => {
  test.each(MODES)('get the tokens they get alone, and are never preempted: %s', mode => {
    let saved = 0
    forEachSeed(100, random => {
      const budget = pick(random, BUDGETS)
      const drive = new Drive(budget, randomGroups(random, budget, 30), random.int(1, DEPTH))
      saved += runSharing(drive, random, mode)
    })
    if (mode === 'unshared') expect(saved).toBe(0)
    else expect(saved).toBeGreaterThan(5000)
  })

  test('compute each token of the prefix tree once, exactly, if all is known ahead', () => {
    forEachSeed(100, random => {
      const prompts = randomPrompts(random, 20)
      const windowed = { numBlocks: 400, window: pick(random, WINDOWS) }
      const groups = random.next() < 0.3 ? [windowed] : [{ numBlocks: 400 }, windowed]
      const drive = new Drive(pick(random, BUDGETS), groups, random.int(1, DEPTH))
      for (const each of sequences(random, prompts)) drive.addSharing(each, all(each.tokens))
      drive.drain(drive.depth)
      expect(drive.scheduler.stats.prefillTokens).toBe(treeTokens(prompts))
    })
  })

  test('that arrive while others run share with them', () => {
    let saved = 0
    forEachSeed(60, random => {
      const drive = new Drive(32, randomGroups(random, 32, 50), random.int(1, DEPTH))
      const prompts = randomPrompts(random, 24)
      const waves = [0, 8, 16].map(first => sequences(random, prompts.slice(first, first + 8), first))
      drive.drain(drive.depth, step => {
        const wave = step % 5 === 0 ? waves[step / 5] : undefined
        for (const each of wave ?? []) drive.addSharing(each, all(each.tokens))
      })
      drive.sequences.forEach(checkOutput)
      expect(drive.scheduler.stats.preemptions).toBe(0)
      saved += drive.scheduler.stats.savedTokens
    })
    expect(saved).toBeGreaterThan(5000)
  })

  test('hold what their next tokens see, in prompts and in outputs, however long they are', () => {
    forEachSeed(30, random => {
      const [window, budget] = [pick(random, WINDOWS), pick(random, BUDGETS)]
      const drive = new Drive(budget, [{ numBlocks: 200 }, { numBlocks: 200, window }], random.int(1, DEPTH), 800)
      const [long] = drive.add(endless(1, random.int(1, 500), 700))
      drive.drain(drive.depth, () => {
        const { numRemaining, blockTables } = long
        const [, { blocks, numFreed } = { blocks: [], numFreed: 0 }] = blockTables
        const count = numRemaining > 1 || long.numComputed <= long.promptLen ? budget : 1
        assert(blocks.length - numFreed <= blocksInSight(window, count) + 1, `${blocks.length - numFreed} blocks`)
      })
      expect(drive.scheduler.peakBlocks[0]).toBe(blocksFor(699))
      expect(drive.scheduler.peakBlocks[1]).toBeLessThanOrEqual(least(window, budget) + 1)
      expect(long.tokens.length).toBe(700)
    })
  })

  test('behave as without windows where these are as long as the context', () => {
    forEachSeed(60, random => {
      const numBlocks = 400
      const [budget, depth] = [pick(random, BUDGETS), random.int(1, DEPTH)]
      const prompts = randomPrompts(random, 14)
      const isPlanned = random.next() < 0.5
      const seeds = prompts.map(() => random.next() < 0.5)
      const runs = [undefined, 512].map(window => {
        const drive = new Drive(budget, [{ numBlocks, window }], depth)
        prompts.forEach((prompt, id) => {
          const each = sequence(id, prompt, prompt.length + 1 + ((7 * id) % 40), { ignoreEos: seeds[id] })
          if (isPlanned) drive.addSharing(each, all(prompt))
          else drive.add(each)
        })
        drive.drain(depth)
        return [drive.scheduler.stats, drive.sequences.map(({ tokens }) => tokens)]
      })
      expect(runs[1]).toEqual(runs[0])
    })
  })

  test('are refused if a group could not hold even one of them', () => {
    const drive = new Drive(16, [{ numBlocks: 40 }, { numBlocks: 5, window: 64 }], 1)
    // 4 blocks back, and 31 tokens in 2
    expect(() => drive.add(endless(1, 20, 400))).toThrow('takes 6 blocks of 16, but the KV cache has 5;')
    expect(() => drive.add(endless(1, 20, 81))).not.toThrow()
  })
})

describe('a prefix', () => {
  const groups = [{ numBlocks: 100 }, { numBlocks: 100, window: 32 }]
  const system = promptOf(1, 200)
  const ask = (id: number) => sequence(id, [...system, ...promptOf(50 + id, 90)], 320, { ignoreEos: true })

  test('is taken over where a run ends: a chat goes on after its last turn', () => {
    const drive = new Drive(64, groups, 1)
    const [first] = drive.add(ask(1))
    drive.drain()
    drive.add(sequence(2, [...first.tokens, 3, 4, 5], 400))
    drive.drain()
    expect(drive.scheduler.stats.savedTokens).toBe(304)
  })

  test('that is left behind in the window is computed again once, and kept from then on', () => {
    const drive = new Drive(64, groups, 1)
    for (const id of [1, 2, 3, 4]) {
      drive.add(ask(id))
      drive.drain()
    }
    expect(drive.scheduler.stats.savedTokens).toBe(2 * 200)
    drive.sequences.forEach(checkOutput)
  })

  test('is kept in the window while someone waits for it, though those that run have left it behind', () => {
    const drive = new Drive(64, groups, 1)
    for (const id of [1, 2, 3]) drive.addSharing(ask(id), { scope: COMMON, numTokens: 289 })
    drive.drain()
    expect(drive.scheduler.stats.savedTokens).toBe(2 * 200)
  })

  test('is given up in the window before anyone is preempted or refused', () => {
    const drive = new Drive(64, [{ numBlocks: 100 }, { numBlocks: blocksInSight(32, 64), window: 32 }], 1)
    for (const id of [1, 2, 3]) drive.addSharing(ask(id), { scope: COMMON, numTokens: 289 })
    drive.drain()
    expect(drive.scheduler.stats.preemptions).toBe(0)
    drive.sequences.forEach(checkOutput)
  })
})

test('the laws hold through 40,000 random operations with windows', () => {
  let saved = 0
  forEachSeed(80, random => {
    const budget = pick(random, BUDGETS)
    const drive = new Drive(budget, randomGroups(random, budget, 20), random.int(1, DEPTH))
    let asked = 0
    for (let operation = 0; operation < 500; operation++) {
      const live = drive.sequences.filter(each => !each.isFinished)
      const choice = random.next()
      if (choice < 0.15 && live.length < 30) {
        const [each] = sequences(random, randomPrompts(random, 1), drive.sequences.length)
        const scope = pick(random, SCOPES)
        if (random.next() < 0.3) drive.add(each)
        else drive.addSharing(each, { ...all(each.tokens), scope })
      } else if (choice < 0.18 && live.length > 0) drive.scheduler.finish(pick(random, live), 'abort')
      else if (choice < 0.22 && drive.scheduler.preemptLast()) asked++
      else if (choice < 0.62 && drive.gpu.numQueued < drive.depth) drive.next()
      else if (drive.gpu.numQueued > 0) drive.complete()
      drive.scheduler.checkIntegrity()
    }
    drive.drain(drive.depth)
    for (const each of drive.sequences.filter(({ finishReason }) => finishReason !== 'abort')) checkOutput(each)
    const { preemptions, savedTokens } = drive.scheduler.stats
    assert(preemptions === asked, `${preemptions} preemptions, ${asked} asked`)
    saved += savedTokens
  })
  expect(saved).toBeGreaterThan(1000)
})
