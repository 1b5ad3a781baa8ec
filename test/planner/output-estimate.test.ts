import { expect, test } from 'vitest'
import { atOnce } from '../../src/core/work'
import { OutputEstimate } from '../../src/planner/output-estimate'
import { sharedRuns } from '../../src/planner/run'
import { freshTokens, promptOf } from './random-job'

/** Prompts 0 to 29 have one prefix, of which 0 to 9 a longer one; 30 and 31 have none. */
function newEstimate(maxTokens: number): OutputEstimate {
  const system = freshTokens(16)
  const task = [...system, ...freshTokens(16)]
  const tokens = Array.from({ length: 32 }, (_, index) => [
    ...(index < 10 ? task : index < 30 ? system : []),
    ...freshTokens(5),
  ])
  return new OutputEstimate(atOnce(sharedRuns(tokens.map(each => promptOf(each)))).root, new Array(32).fill(maxTokens))
}

function observe(estimate: OutputEstimate, from: number, to: number, outputTokens: number): void {
  for (let prompt = from; prompt < to; prompt++) estimate.observe(prompt, outputTokens)
}

test('a prompt is expected to use its maximum until anything has ended', () => {
  expect(newEstimate(100).of(0)).toBe(100)
})

test('a prompt of a run of which little is known uses as much of its maximum as the job does', () => {
  const estimate = newEstimate(100)
  observe(estimate, 0, 7, 30)
  expect([estimate.of(9), estimate.of(31)]).toEqual([30, 30])
  estimate.observe(30, 70)
  expect([estimate.of(9), estimate.of(31)]).toEqual([35, 35])
})

test('a prompt is expected to be like others of the smallest run of which enough have ended', () => {
  const estimate = newEstimate(100)
  observe(estimate, 10, 20, 40)
  expect([estimate.of(9), estimate.of(29)]).toEqual([40, 40])
  observe(estimate, 0, 8, 4)
  expect([estimate.of(9), estimate.of(29), estimate.of(31)]).toEqual([4, 24, 24])
})

test('no prompt is expected to exceed its maximum', () => {
  const tokens = freshTokens(20)
  const maxTokens = new Array(9).fill(50).with(8, 10)
  const estimate = new OutputEstimate(atOnce(sharedRuns(new Array(9).fill(promptOf(tokens)))).root, maxTokens)
  observe(estimate, 0, 8, 45)
  expect([estimate.of(0), estimate.of(8)]).toEqual([45, 10])
})
