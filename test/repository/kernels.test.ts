import { describe, expect, it } from 'vitest'
import { kernelFaults } from './kernels'
import { filesIn } from './source-files'

const WGSL = `// y = 2 * x.

//#import twice

struct Params {
  n: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [n]

@compute @workgroup_size(64)
fn main() {}
`

interface Made {
  readonly shader?: string
  readonly module?: string
  readonly wrapper?: string
  readonly others?: Readonly<Record<string, string>>
  readonly isTested?: boolean
}

/** Faults of a made-up repository with one kernel and one module, right but for what is given. */
function faults({
  shader = WGSL,
  module = '// Twice x.\n',
  wrapper = 'n, arena, y',
  others = {},
  isTested = true,
}: Made) {
  const files = (folder: string, extension: string, texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([name, text]) => ({ path: `${folder}/${name}.${extension}`, text }))
  return kernelFaults(
    files('shaders', 'wgsl', { double: shader, twice: module, ...others }),
    files('src/kernels', 'ts', { double: wrapper }),
    files('test/kernels', 'test.ts', isTested ? { double: '' } : {}),
  )
}

describe('the kernels', () => {
  it('each have a shader, a wrapper that fits it, and a test', () => {
    const shaders = filesIn('shaders', '.wgsl')
    expect(shaders.length).toBeGreaterThan(0)
    expect(kernelFaults(shaders, filesIn('src/kernels', '.ts'), filesIn('test/kernels', '.test.ts'))).toEqual([])
  })
})

describe('the check of the kernels', () => {
  it('finds nothing wrong with a right one', () => {
    expect(faults({})).toEqual([])
  })

  it.each([
    ['a missing wrapper', { others: { triple: WGSL } }, 'triple.wgsl has no wrapper src/kernels/triple.ts'],
    ['a missing test', { isTested: false }, 'double.wgsl has no test test/kernels/double.test.ts'],
    ['a binding not given', { wrapper: 'n, arena, yy' }, 'double.wgsl has y, which its wrapper never names'],
    ['a parameter not given', { wrapper: 'arena, y' }, 'double.wgsl has n, which its wrapper never names'],
    [
      'a module that none imports',
      { others: { lost: '// Lost.\n' } },
      'lost.wgsl is neither a kernel nor an imported module',
    ],
    [
      'a missing header',
      { module: 'fn twice() {}\n' },
      'twice.wgsl does not start with a comment that says what it computes',
    ],
    ['a missing shape', { shader: WGSL.replace('// [n]', '// n') }, 'double.wgsl does not say the shape of y'],
    ['too many lines', { module: `// Long.${'\n//'.repeat(199)}` }, 'twice.wgsl has 200 lines, the limit is 200'],
  ])('finds %s', (_, made, fault) => {
    expect(faults(made)).toEqual([`shaders/${fault}`])
  })

  it('sees the bindings of an imported module', () => {
    const module = '// Twice x.\n@group(0) @binding(3) var<storage, read> x: array<f32>;  // [n]\n'
    expect(faults({ module })).toEqual(['shaders/double.wgsl has x, which its wrapper never names'])
    expect(faults({ module, wrapper: 'n, arena, x, y' })).toEqual([])
  })

  it('knows kernels that share a wrapper, and modules that stand in for another', () => {
    const others = {
      'double-few': WGSL,
      'double-many': WGSL.replace('twice', 'pair-a'),
      'pair-a': '// A.',
      'pair-b': '// B.',
    }
    expect(faults({ others, wrapper: "'double-few', 'double-many', n, arena, y" })).toEqual([])
  })
})
