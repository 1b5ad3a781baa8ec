import { linkShader, reflectShader } from '../../src/gpu/shader'
import type { SourceFile } from './source-files'

const MAX_LINES = 200

/** Faults in how shaders, their wrappers (src/kernels) and their tests (test/kernels) belong together. */
export function kernelFaults(
  shaders: readonly SourceFile[],
  wrappers: readonly SourceFile[],
  tests: readonly SourceFile[],
): string[] {
  const texts = new Map(shaders.map(({ path, text }) => [basename(path), text]))
  const wrapperTexts = new Map(wrappers.map(({ path, text }) => [basename(path), text]))
  const tested = new Set(tests.map(({ path }) => basename(path)))
  const imported = new Set(shaders.flatMap(({ text }) => [...text.matchAll(IMPORT)].map(match => match[1])))
  const families = new Set([...imported].map(familyOf))

  return [...texts].flatMap(([name, text]) => {
    const faults = textFaults(text)
    if (!ENTRY_POINT.test(text)) {
      if (!imported.has(name) && !families.has(familyOf(name)))
        faults.push('is neither a kernel nor an imported module')
    } else {
      const wrapper = wrapperOf(name, wrapperTexts)
      if (wrapper === undefined) faults.push(`has no wrapper src/kernels/${name}.ts`)
      else {
        if (!tested.has(wrapper)) faults.push(`has no test test/kernels/${wrapper}.test.ts`)
        const wgsl = linkShader(module => texts.get(module) ?? '', { name })
        faults.push(...missingNames(wgsl, textOf(wrapper, wrapperTexts)))
      }
    }
    return faults.map(fault => `shaders/${name}.wgsl ${fault}`)
  })
}

const IMPORT = /^\/\/#import ([\w-]+)$/gm
const ENTRY_POINT = /@compute[^{]*\bfn main\(/

function textFaults(text: string): string[] {
  const lines = text.trimEnd().split('\n')
  const faults: string[] = []
  if (!/^\/\/ \S/.test(text)) faults.push('does not start with a comment that says what it computes')
  if (lines.length >= MAX_LINES) faults.push(`has ${lines.length} lines, the limit is ${MAX_LINES}`)
  for (const line of lines) {
    const name = /var<storage[^>]*> (\w+):/.exec(line)?.[1]
    // the arena holds lists of its own format for each kernel
    if (name && name !== 'arena' && !/\/\/.*\[.+\]/.test(line)) faults.push(`does not say the shape of ${name}`)
  }
  return faults
}

/** The wrapper of the same name, or one for a family of kernels (`matmul` for `matmul-few`) that names this one. */
function wrapperOf(name: string, wrappers: ReadonlyMap<string, string>): string | undefined {
  if (wrappers.has(name)) return name
  return [...wrappers.keys()].find(
    wrapper => name.startsWith(`${wrapper}-`) && wrappers.get(wrapper)?.includes(`'${name}'`),
  )
}

/** A wrapper's text with that of its further files: `matmul-outputs` for `matmul`. */
function textOf(name: string, wrappers: ReadonlyMap<string, string>): string {
  return [...wrappers].flatMap(([key, text]) => (key === name || key.startsWith(`${name}-`) ? [text] : [])).join('\n')
}

/** A wrapper that names every binding and parameter may still be wrong, but then it fails at its first call. */
function missingNames(wgsl: string, wrapper: string): string[] {
  const { bindings, params } = reflectShader(wgsl)
  const names = [...bindings.keys(), ...params.map(({ name }) => name)].filter(name => name !== 'params')
  return names
    .filter(name => !new RegExp(`\\b${name}\\b`).test(wrapper))
    .map(name => `has ${name}, which its wrapper never names`)
}

/** Modules with the same interface share the first part of their name: `weights-f32`, `weights-f16`. */
function familyOf(module: string): string {
  return module.replace(/-[^-]*$/, '-')
}

/** `sample` for shaders/sample.wgsl, src/kernels/sample.ts and test/kernels/sample.test.ts. */
function basename(path: string): string {
  return path.replace(/^.*\/|\.(wgsl|test\.ts|ts)$/g, '')
}
