import { describe, expect, it } from 'vitest'
import { linkShader, reflectShader, type ShaderVariant, variantName } from '../../src/gpu/shader'

const FILES: Readonly<Record<string, string>> = {
  main: '//#import weights\n//#import shared\nconst ROWS: u32 = 8u; // rows\nfn main() {}\n',
  weights: '//#import shared\nfn weight() {} // plain\n',
  packed: '//#import shared\nfn weight() {} // packed\n',
  shared: 'fn shared() {}\n',
  types: 'const U: u32 = 1u;\nconst I: i32 = 1i;\nconst F: f32 = 1f;\nconst B: bool = false;\nconst UU: u32 = 2u;\n',
  circle: '//#import circle-back\nfn a() {}\n',
  'circle-back': '//#import circle\nfn b() {}\n',
  lost: '//#import nowhere\n',
}

function source(name: string): string {
  if (!(name in FILES)) throw new Error(`there is no ${name}`)
  return FILES[name]
}

const link = (name: string, rest: Omit<ShaderVariant, 'name'> = {}) => linkShader(source, { name, ...rest })

describe('linking', () => {
  it('puts each module where it is first imported, once', () => {
    expect(link('main')).toBe(
      'fn shared() {}\n\nfn weight() {} // plain\n\n\nconst ROWS: u32 = 8u; // rows\nfn main() {}\n',
    )
  })

  it('puts another module in a module’s place, and what that one imports', () => {
    const wgsl = link('main', { modules: { weights: 'packed' } })
    expect(wgsl).toContain('packed')
    expect(wgsl).not.toContain('plain')
    expect(wgsl.match(/fn shared/g)).toHaveLength(1)
  })

  it('ends where modules import each other', () => {
    expect(link('circle').match(/fn [ab]/g)).toEqual(['fn b', 'fn a'])
  })

  it('gives constants of every type their value, and leaves the others', () => {
    expect(link('types', { constants: { U: 7, I: -7, F: 0.25, B: 1 } }).split('\n')).toEqual([
      'const U: u32 = u32(7);',
      'const I: i32 = i32(-7);',
      'const F: f32 = f32(0.25);',
      'const B: bool = true;',
      'const UU: u32 = 2u;',
      '',
    ])
    expect(link('types', { constants: { B: 0 } })).toContain('const B: bool = false;')
  })

  it('keeps what follows a constant on its line', () => {
    expect(link('main', { constants: { ROWS: 16 } })).toContain('const ROWS: u32 = u32(16); // rows')
  })

  it.each([
    ['main', { constants: { COLS: 1 } }, 'shader main has no line "const COLS: type = value;"'],
    ['main', { modules: { bias: 'packed' } }, 'shader main does not import bias'],
    ['lost', {}, 'there is no nowhere'],
    ['main', { modules: { weights: 'nowhere' } }, 'there is no nowhere'],
  ])('%s with %o is refused: what is named must be there', (name, rest, message) => {
    expect(() => link(name, rest)).toThrow(message)
  })
})

it('a variant’s name says its modules and constants', () => {
  expect(variantName({ name: 'main' })).toBe('main')
  expect(variantName({ name: 'main', modules: { weights: 'packed' }, constants: { ROWS: 16, COLS: 2 } })).toBe(
    'main:packed:ROWS=16:COLS=2',
  )
})

describe('reflection', () => {
  it('finds every binding with its index and type, and every parameter in order', () => {
    const shader = reflectShader(`
struct Other { z: u32, }
struct Params {
  n_rows: u32,   // a comment: u32,
  scale: f32,
  shift: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(3) var<storage> z: array<u32>;
var<workgroup> sh_sum: array<f32, 64>;`)
    expect([...shader.bindings]).toEqual([
      ['params', { index: 0, type: 'uniform' }],
      ['y', { index: 2, type: 'storage' }],
      ['x', { index: 1, type: 'read-only-storage' }],
      ['z', { index: 3, type: 'read-only-storage' }],
    ])
    expect(shader.params).toEqual([
      { name: 'n_rows', type: 'u32' },
      { name: 'scale', type: 'f32' },
      { name: 'shift', type: 'i32' },
    ])
  })

  it('of a shader without parameters finds none', () => {
    expect(reflectShader('fn main() {}')).toEqual({ bindings: new Map(), params: [] })
  })
})
