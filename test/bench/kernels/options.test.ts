import { expect, it } from 'vitest'
import { main } from '../../../src/bench/kernels/cli/main'
import { parseKernelCommand } from '../../../src/bench/kernels/cli/options'

it('without arguments nothing is filtered, and Chrome measures', () => {
  const { task, runtime, against } = parseKernelCommand([])
  expect(task.selection).toEqual({ words: [], all: false })
  expect([task.rounds, task.ab, runtime, against]).toEqual([5, undefined, 'chrome', undefined])
})

it('words and lists narrow down what is measured', () => {
  const { selection } = parseKernelCommand([
    'matmul',
    'qkv',
    '--rows',
    '1, 16',
    '--format',
    'q4',
    '--shape',
    'llama-3.2-1b',
  ]).task
  expect(selection).toEqual({
    words: ['matmul', 'qkv'],
    rows: [1, 16],
    formats: ['q4'],
    shapes: ['llama-3.2-1b'],
    all: false,
  })
})

it('two variants take turns', () => {
  expect(parseKernelCommand(['--ab', 'matmul:8,matmul-few:8']).task.ab).toEqual(['matmul:8', 'matmul-few:8'])
})

it.each([
  [['--rows', '3'], /--rows is 3, but must be one of 1, 2, 4/],
  [['--shape', 'gpt-5'], /--shape is gpt-5.*smollm2-135m/],
  [['--ab', 'a'], /--ab is a, but must be two variants/],
  [['--ab', 'a,b', '--against', 'shaders'], /--ab and --against/],
  [['--rounds', '0'], /--rounds is 0/],
  [['--runtime', 'deno'], /--runtime is deno/],
  [['--nonsense'], /--nonsense/],
])('%j is refused with what is wrong', (args, message) => {
  expect(() => parseKernelCommand(args)).toThrow(message)
})

it('a folder without shaders is refused, lest kernels be held against themselves', async () => {
  await expect(main(['--against', 'docs'])).rejects.toThrow('--against docs: there are no shaders')
})
