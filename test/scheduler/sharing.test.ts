import { describe, expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import { BLOCK_LEN, blocksFor } from '../../src/core/block'
import { forEachSeed, pick } from '../support/for-each-seed'
import { Drive } from './drive'
import {
  all,
  checkOutput,
  MODES,
  randomPrompts,
  runSharing,
  SCOPES,
  sequences,
  treeLevels,
  treeTokens,
} from './prompt-trees'
import { promptOf, sequence, VOCAB_SIZE } from './simulated-gpu'

const SMALLEST = 10

describe('sequences that share prefixes', () => {
  test.each(MODES)('get the tokens they get alone, and are never preempted: %s', mode => {
    let saved = 0
    forEachSeed(60, random => {
      const drive = new Drive(pick(random, [1, 7, 16, 64]), random.int(SMALLEST, 40), random.int(1, 4))
      saved += runSharing(drive, random, mode)
    })
    if (mode === 'unshared') expect(saved).toBe(0)
    else expect(saved).toBeGreaterThan(5000)
  })

  test('compute each token of the prefix tree once, exactly, if all is known ahead', () => {
    forEachSeed(60, random => {
      const prompts = randomPrompts(random, 20)
      const drive = new Drive(pick(random, [1, 7, 64]), 400, random.int(1, 4))
      for (const each of sequences(random, prompts)) drive.addSharing(each, all(each.tokens))
      drive.drain(drive.depth)
      expect(drive.scheduler.stats.prefillTokens).toBe(treeTokens(prompts))
    })
  })

  test('compute each token of the prefix tree at most once through the cache too, as long as nothing is evicted', () => {
    forEachSeed(60, random => {
      const prompts = randomPrompts(random, 20)
      const drive = new Drive(64, 2000, random.int(1, 4))
      drive.add(...prompts.map((prompt, id) => sequence(id, prompt, prompt.length + 1)))
      drive.drain(drive.depth)
      const { prefillTokens } = drive.scheduler.stats
      // the cache gives away what fills a block, even the last token of a prompt
      expect(prefillTokens).toBeLessThanOrEqual(treeTokens(prompts))
      expect(prefillTokens).toBeGreaterThanOrEqual(treeTokens(prompts) - prompts.length)
    })
  })

  test('compute each token at most once with room for the longest only, if they come in the order of the tree', () => {
    forEachSeed(60, random => {
      const prompts = randomPrompts(random, 20)
      const inOrder = prompts.toSorted((a, b) => compare(a, b))
      // and for a block per level, from which its last tokens are copied
      const longest = Math.max(...prompts.map(({ length }) => blocksFor(length))) + treeLevels(prompts)
      for (const isPlanned of [true, false]) {
        const drive = new Drive(64, longest, 1)
        inOrder.forEach((prompt, id) => {
          const each = sequence(id, prompt, prompt.length + 1)
          if (isPlanned) drive.addSharing(each, all(prompt))
          else drive.add(each)
        })
        drive.drain()
        expect(drive.scheduler.stats.prefillTokens).toBeLessThanOrEqual(treeTokens(prompts))
      }
    })
  })

  test('share even if each may fill the whole pool', () => {
    const shared = promptOf(1, 500)
    const prompts = Array.from({ length: 20 }, (_, id) => [...shared, ...promptOf(100 + id, 12)])
    const drive = new Drive(64, 64, 1, 2048)
    prompts.forEach((prompt, id) => {
      drive.addSharing(sequence(id, prompt, 64 * 16 + 1), all(prompt))
    })
    drive.drain()
    drive.sequences.forEach(checkOutput)
    // one at a time; the 4 tokens in the block where the prefix ends have to make room for the next one each time
    const { prefillTokens, preemptions } = drive.scheduler.stats
    expect(preemptions).toBe(0)
    expect(prefillTokens).toBeLessThanOrEqual(treeTokens(prompts) + 19 * (500 % BLOCK_LEN))
  })

  test('start together and still compute what they share once, within a single step', () => {
    const drive = new Drive(200, 40)
    const shared = promptOf(1, 64)
    drive.add(...[1, 2, 3].map(id => sequence(id, [...shared, id], 70)))
    expect(drive.next()?.chunks.map(({ start, count }) => [start, count])).toEqual([
      [0, 65],
      [64, 1],
      [64, 1],
    ])
    drive.drain()
    expect(drive.scheduler.stats).toMatchObject({ prefillTokens: 67, savedTokens: 128 })
  })

  test('that are all the same compute only their last token each', () => {
    const drive = new Drive(200, 40)
    drive.add(...[1, 2, 3].map(id => sequence(id, promptOf(1, 48), 60)))
    drive.drain()
    expect(drive.scheduler.stats.prefillTokens).toBe(48 + 1 + 1)
    expect(new Set(drive.sequences.map(({ tokens }) => `${tokens}`)).size).toBe(1)
  })

  test('a chat turn takes over its history, prompt and reply', () => {
    const drive = new Drive(64, 40)
    const [first] = drive.add(sequence(1, promptOf(1, 20), 50, { ignoreEos: true }))
    drive.drain()
    const next = [...first.tokens, 3, 4, 5]
    drive.add(sequence(2, next, 60))
    drive.drain()
    // of 50 tokens the last was never fed back, and of the reply full blocks are remembered
    expect(drive.scheduler.stats.savedTokens).toBe(48)
  })

  test('sequences that arrive while others run share with them', () => {
    let [numAdded, saved] = [0, 0]
    forEachSeed(30, random => {
      const drive = new Drive(32, 60, random.int(1, 4))
      const prompts = randomPrompts(random, 24)
      const waves = [0, 8, 16].map(first => sequences(random, prompts.slice(first, first + 8), first))
      drive.drain(drive.depth, step => {
        const wave = step % 5 === 0 ? waves[step / 5] : undefined
        for (const each of wave ?? []) drive.addSharing(each, all(each.tokens))
      })
      drive.sequences.forEach(checkOutput)
      expect(drive.scheduler.stats.preemptions).toBe(0)
      numAdded += drive.sequences.length
      saved += drive.scheduler.stats.savedTokens
    })
    // a run may be over before its third wave
    expect(numAdded).toBeGreaterThan(30 * 16)
    expect(saved).toBeGreaterThan(5000)
  })
})

test('the laws hold through 20,000 random operations with shared prefixes', () => {
  let saved = 0
  forEachSeed(40, random => {
    const drive = new Drive(pick(random, [1, 7, 16, 64]), random.int(SMALLEST, 30), random.int(1, 4))
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
    assert(
      drive.scheduler.stats.preemptions === asked,
      `${drive.scheduler.stats.preemptions} preemptions, ${asked} asked`,
    )
    saved += drive.scheduler.stats.savedTokens
  })
  expect(saved).toBeGreaterThan(1000)
})

/** Like words in a dictionary. */
function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((token, index) => token !== b[index])
  return at < 0 ? a.length - b.length : (a[at] ?? VOCAB_SIZE) - (b[at] ?? -1)
}
