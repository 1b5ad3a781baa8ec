import { expect, it } from 'vitest'
import { figure } from '../../../src/bench/common/figure'
import type { Run } from '../../../src/bench/common/measure-run'
import type { ConfigurationName } from '../../../src/bench/sharing/configurations'
import { checkAgreement, outcomes, regret } from '../../../src/bench/sharing/outcome'

const counts = {
  generated: 50,
  steps: 5,
  prefillTokens: 0,
  computedTokens: 0,
  savedTokens: 0,
  kvBytesRead: 0,
  preemptions: 0,
  peakBlocks: 0,
}

/** Runs that took these milliseconds, round by round, with this answer. */
const runs = (milliseconds: readonly number[], answer = 7): Run[] =>
  milliseconds.map(ms => ({ ms, counts, plan: undefined, answers: [[[answer]]], sequences: [[1, answer]] }))

const measured = new Map<ConfigurationName, Run[]>([
  ['off', runs([1000, 4000, 1000])],
  ['tree', runs([200, 1000, 250])],
  ['tree flat', runs([400, 800, 200])],
  ['tree split', runs([100, 2000, 500])],
  ['tree skip', runs([100, 800, 200], 8)],
])

it('a figure is the middle of its runs, whatever their order', () => {
  expect(figure([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9 })
  expect(figure([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
  expect(figure([5])).toEqual({ median: 5, min: 5, max: 5 })
})

it('ratios compare runs of one round: a slow spell of the machine cancels', () => {
  const [off, tree] = outcomes(measured)
  expect(off.speedup).toEqual({ median: 1, min: 1, max: 1 })
  expect(tree.speedup).toEqual({ median: 4, min: 4, max: 5 })
  expect(tree.ofCeiling).toEqual({ median: 0.8, min: 0.5, max: 0.8 })
  expect(tree.tokensPerSecond).toEqual({ median: 200, min: 50, max: 250 })
})

it('what was not measured has no ratio', () => {
  const [off] = outcomes(measured)
  expect(off.ofCeiling).toBeUndefined()
  const [alone] = outcomes(new Map([['tree', runs([200])]]))
  expect([alone.speedup, regret(new Map([['tree', runs([200])]]))]).toEqual([undefined, undefined])
})

it('regret is the time over that of the better of both by the median, round by round', () => {
  expect(regret(measured)).toEqual({ median: 1.25, min: 0.5, max: 1.25 })
})

it('all answers must agree but those without attention', () => {
  const latest = (tree: number) =>
    new Map<ConfigurationName, Run>([
      ['tree skip', runs([1], 9)[0]],
      ['off', runs([1])[0]],
      ['tree', runs([1], tree)[0]],
    ])
  expect(() => checkAgreement(latest(7))).not.toThrow()
  expect(() => checkAgreement(latest(8))).toThrow(
    '“tree” answers 1 of 1 prompts otherwise than “off”, so that no time counts: 0 from token 0 on',
  )
})
