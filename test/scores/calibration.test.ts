import { expect, test } from 'vitest'
import { fitTemperature, probabilitiesOf } from '../../src/scores/calibration'
import { random } from '../support/random'

test('probabilities are the softmax of what is left of the scores', () => {
  expect(probabilitiesOf([Math.log(0.1), Math.log(0.3)])[1]).toBeCloseTo(0.75, 12)
  expect(probabilitiesOf([-1000, -1000, -2000])).toEqual([0.5, 0.5, 0])
  expect(probabilitiesOf([Math.log(0.1), Math.log(0.3)], { bias: [Math.log(0.1), Math.log(0.3)] })).toEqual([0.5, 0.5])
  expect(probabilitiesOf([0, 2 * Math.log(3)], { temperature: 2 })[1]).toBeCloseTo(0.75, 12)
})

test('the temperature that is fitted is the one by which answers were drawn', () => {
  const { next } = random(4)
  for (const temperature of [0.5, 1, 3]) {
    const rows = Array.from({ length: 4000 }, () => Array.from({ length: 4 }, () => 6 * next()))
    const answers = rows.map(row => {
      let rest = next()
      return probabilitiesOf(row, { temperature }).findIndex(probability => {
        rest -= probability
        return rest < 0
      })
    })
    const fitted = fitTemperature(rows, answers)
    expect(Math.abs(Math.log(fitted / temperature))).toBeLessThan(0.1)
    // it is the least loss of a fine grid as well
    const loss = (at: number) =>
      rows.reduce((sum, row, index) => sum - Math.log(probabilitiesOf(row, { temperature: at })[answers[index]]), 0)
    const grid = Array.from({ length: 41 }, (_, step) => fitted * Math.exp((step - 20) / 100))
    for (const at of grid) expect(loss(fitted)).toBeLessThanOrEqual(loss(at) + 1e-6)
  }
})
