import { expect, it } from 'vitest'
import { parseBenchCommand } from '../../../src/bench/sharing/cli/options'

it('without arguments a selection is measured, at a scale for a machine without a GPU', () => {
  const { parts, sizes, runtime } = parseBenchCommand([])
  expect(parts).toEqual(['batchllm', 'tree', 'none'])
  expect([sizes.scale, runtime]).toEqual([0.125, 'chrome'])
})

it('sizes are exact where they are given, and not where they are not', () => {
  const { parts, sizes } = parseBenchCommand(['batchllm', '--scale', '1', '--degree', '8', '--out-tokens', '5'])
  expect(parts).toEqual(['batchllm'])
  expect(sizes).toMatchObject({ scale: 1, degree: 8, out: 5, prefix: undefined })
})

it('configurations with two words are chosen by a list', () => {
  expect(parseBenchCommand(['--configurations', 'off, tree skip']).configurations).toEqual(['off', 'tree skip'])
})

it('Dawn toggles add up', () => {
  expect(parseBenchCommand(['--dawn-toggle', 'a', '--dawn-toggle', 'b']).dawnToggles).toEqual(['a', 'b'])
})

it.each([
  [['nonsense'], /part is nonsense.*batchllm/],
  ...['0', '', ' 1 ', '0x5', '1e1', '-1', 'x', 'Infinity'].map((scale): [string[], RegExp] => [
    [`--scale=${scale}`],
    new RegExp(`--scale is ${scale}, but must be a number above 0`),
  ]),
  [['--rounds', 'x'], /--rounds is x/],
  [['--configurations', 'tree,of'], /of, but must be one of off, cache/],
  [['--weights', 'q4'], /--weights is q4/],
  [['--sharing', 'tree'], /--sharing/],
])('%j is refused with what is wrong', (args, message) => {
  expect(() => parseBenchCommand(args)).toThrow(message)
})
