import { expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import { PRIORITIES } from '../../src/core/priority'
import { InvalidRequest } from '../../src/index'
import { COMMON } from '../../src/kv/share'
import { forEachSeed, pick } from '../support/for-each-seed'
import { Drive } from './drive'
import { expectedTokens, promptOf, sequence } from './simulated-gpu'

test.each([
  { windows: 'all', pools: [{ numBlocks: 40 }] },
  { windows: 'all or 20 tokens', pools: [{ numBlocks: 40 }, { numBlocks: 30, window: 20 }] },
])(
  'after any losses of the GPU each sequence has the tokens that it has alone, where layers see $windows',
  ({ pools }) => {
    let numLost = 0
    forEachSeed(20, random => {
      const drive = new Drive(pick(random, [7, 16, 64]), pools, random.int(1, 4))
      const common = promptOf(99, random.int(1, 50))
      const scope = random.next() < 0.5 ? COMMON : { name: 'group', remembers: false }
      const calls = { interactive: {}, normal: {}, background: {} }
      for (let id = 0; id < 12; id++) {
        const prompt = [...common, ...promptOf(id, random.int(1, 30))]
        const params = { ignoreEos: random.next() < 0.5, presencePenalty: random.next() < 0.3 ? 1 : 0 }
        const priority = pick(random, PRIORITIES)
        const one = sequence(id, prompt, prompt.length + random.int(1, 30), params, priority)
        if (random.next() < 0.7) drive.addSharing(one, { scope, numTokens: common.length }, calls[priority])
        else drive.addTo(calls[priority], one)
      }
      drive.drain(drive.depth, () => {
        if (random.next() > 0.1) return
        numLost += drive.scheduler.numRunning
        drive.restart()
      })
      for (const each of drive.sequences) {
        const alone = expectedTokens(each)
        assert(`${each.tokens}` === `${alone}`, `sequence ${each.id}: ${each.tokens}, alone ${alone}`)
      }
    })
    expect(numLost).toBeGreaterThan(100)
  },
)

test('those that ran start first, in the order in which they had started', () => {
  const drive = new Drive(64, 64)
  for (let id = 0; id < 8; id++) drive.add(sequence(id, promptOf(id, 20), 60, { ignoreEos: true }))
  drive.next()
  const started = drive.scheduler.running.map(({ id }) => id)
  expect(started).toEqual([0, 1, 2, 3])
  drive.restart()
  const { running, numWaiting, usedBlocks } = drive.scheduler
  expect({ running, numWaiting, usedBlocks }).toEqual({ running: [], numWaiting: 8, usedBlocks: [0] })
  drive.next()
  expect(drive.scheduler.running.map(({ id }) => id)).toEqual(started)
})

test('what is shared is computed once again, and only once', () => {
  const drive = new Drive(64, 64)
  const common = promptOf(9, 48)
  for (let id = 0; id < 4; id++) {
    drive.addSharing(sequence(id, [...common, id + 1], 60, { ignoreEos: true }), { scope: COMMON, numTokens: 48 })
  }
  drive.next()
  const { prefillTokens } = drive.scheduler.stats
  expect(prefillTokens).toBe(48 + 4)
  drive.restart()
  drive.next()
  expect(drive.scheduler.stats.prefillTokens).toBe(2 * prefillTokens)
  drive.drain()
})

test('in smaller pools all go on that fit, and those that do not are named', () => {
  const drive = new Drive(16, 40)
  const [long, ...short] = [200, 40, 50, 60].map((maxLen, id) =>
    sequence(id, promptOf(id, 20), maxLen, { ignoreEos: true }),
  )
  drive.add(long, ...short)
  for (let step = 0; step < 5; step++) {
    drive.next()
    drive.complete()
  }
  drive.restart([5])
  expect(() => drive.scheduler.check(long)).toThrow(InvalidRequest)
  expect(() => drive.scheduler.check(long)).toThrow('takes 13 blocks of 16, but the KV cache has 5')
  for (const each of short) drive.scheduler.check(each)
  drive.scheduler.finish(long, 'error')
  drive.drain()
  for (const each of short) expect(each.tokens).toEqual(expectedTokens(each))
})
