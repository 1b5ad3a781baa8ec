import { expect, it } from 'vitest'
import { parseEngineCommand } from '../../../src/bench/engine/cli/options'
import { sectionsOf } from '../../../src/bench/engine/sections'

it('without arguments latency, decoding and prefill are measured, kernels too', () => {
  const { parts, sizes, runtime } = parseEngineCommand([])
  expect(parts).toEqual(['latency', 'decode', 'prefill'])
  expect([sizes.batches, sizes.timesKernels, runtime]).toEqual([[1, 2, 4, 8, 16, 32, 64], true, 'chrome'])
})

it('lists replace the default points', () => {
  const { sizes } = parseEngineCommand(['context', '--contexts', '16, 32', '--out-tokens', '4', '--steps-only'])
  const [{ task }] = sectionsOf('context', sizes)
  const points = [
    { batch: 1, prompt: 16 },
    { batch: 1, prompt: 32 },
  ]
  expect(task).toEqual({ kind: 'decode', points, out: 4, timesKernels: false })
})

it('each model is a section of its own', () => {
  const { sizes } = parseEngineCommand(['models', '--shapes', 'bench-6m,smollm2-360m'])
  expect(sectionsOf('models', sizes).map(({ shape }) => shape)).toEqual(['bench-6m', 'smollm2-360m'])
})

it.each([
  [['nonsense'], /part is nonsense.*latency/],
  [['--batches', '1,0'], /--batches is 0/],
  [['--contexts', '1,,2'], /--contexts is /],
  [['--step-tokens', '32,40'], /--step-tokens is 32,40.*multiples of 32/],
  [['--weights', 'f64'], /--weights is f64/],
  [['--rounds', 'x'], /--rounds is x/],
  [['--nonsense'], /--nonsense/],
])('%j is refused with what is wrong', (args, message) => {
  expect(() => parseEngineCommand(args)).toThrow(message)
})
