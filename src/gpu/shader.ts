/**
 * WGSL files are complete on their own defaults. A variant of one is made by
 *  - giving its `const NAME: type = default;` lines other values, and
 *  - swapping a module: the line `//#import NAME` is replaced by the text of another module than NAME.
 */
export interface ShaderVariant {
  /** Basename of the shader, e.g. `matmul`. */
  readonly name: string
  /** Values for the shader's `const` lines, by name. */
  readonly constants?: Readonly<Record<string, number>>
  /** Modules to link in the place of imported ones, by the names that are imported. */
  readonly modules?: Readonly<Record<string, string>>
}

/** Finds the text of a shader or module by basename; throws when there is none. */
export type ShaderSource = (name: string) => string

const IMPORT = /^\/\/#import ([\w-]+)$/gm

/** The variant's name: cache key, pipeline label, profiler row and error text, e.g. `matmul:weights-f16:ROWS=16`. */
export function variantName({ name, constants = {}, modules = {} }: ShaderVariant): string {
  const swapped = Object.values(modules)
  const given = Object.entries(constants).map(([key, value]) => `${key}=${value}`)
  return [name, ...swapped, ...given].join(':')
}

/** The WGSL text of a variant. Throws if it names a constant or module that the shader does not have. */
export function linkShader(source: ShaderSource, variant: ShaderVariant): string {
  const { name, constants = {}, modules = {} } = variant
  const linked = new Set([name])
  const link = (text: string): string =>
    text.replace(IMPORT, (_, module: string) => {
      if (linked.has(module)) return ''
      linked.add(module)
      return link(source(modules[module] ?? module))
    })
  let wgsl = link(source(name))
  for (const module of Object.keys(modules)) {
    if (!linked.has(module)) throw new Error(`shader ${name} does not import ${module}`)
  }
  for (const [key, value] of Object.entries(constants)) {
    const line = new RegExp(`^const ${key}: (u32|i32|f32|bool) = [^;]*;`, 'm')
    const type = line.exec(wgsl)?.[1]
    if (!type) throw new Error(`shader ${name} has no line "const ${key}: type = value;"`)
    wgsl = wgsl.replace(line, `const ${key}: ${type} = ${literal(type, value)};`)
  }
  return wgsl
}

function literal(type: string, value: number): string {
  if (type === 'bool') return value ? 'true' : 'false'
  return type === 'f32' ? `f32(${value})` : `${type}(${value})`
}

export type BindingType = 'uniform' | 'read-only-storage' | 'storage'

/** The bindings and parameters that a shader expects of its wrapper. */
export interface ShaderInterface {
  /** Bindings by the names of their variables, in binding order. */
  readonly bindings: ReadonlyMap<string, { readonly index: number; readonly type: BindingType }>
  /** Fields of `struct Params`: 4-byte scalars only, so field i sits at byte 4i. */
  readonly params: readonly { readonly name: string; readonly type: 'u32' | 'i32' | 'f32' }[]
}

const BINDING = /@group\(0\) @binding\((\d+)\) var<(uniform|storage)(?:, (read|read_write))?> (\w+):/g
const PARAMS = /struct Params \{([^}]*)\}/
const FIELD = /^\s*(\w+): (u32|i32|f32),/gm

/** Reads the bindings and the parameters off the WGSL text, so that nothing is declared twice. */
export function reflectShader(wgsl: string): ShaderInterface {
  const bindings = new Map<string, { index: number; type: BindingType }>()
  for (const [, index, space, access, name] of wgsl.matchAll(BINDING)) {
    const type = space === 'uniform' ? 'uniform' : access === 'read_write' ? 'storage' : 'read-only-storage'
    bindings.set(name, { index: Number(index), type })
  }
  const struct = PARAMS.exec(wgsl)?.[1] ?? ''
  const params = [...struct.matchAll(FIELD)].map(([, name, type]) => ({ name, type: type as 'u32' | 'i32' | 'f32' }))
  return { bindings, params }
}
