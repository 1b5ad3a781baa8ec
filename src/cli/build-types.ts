import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

/** A declaration for every source file, as scripts/tsconfig.types.json says. */
const PARTS = '.artifacts/types'

/**
 * Types that not everybody has: WebGPU's are in TypeScript's `dom` from 6.0, before in `@webgpu/types`; Node's programs may
 * do without `dom`. Interfaces merge with those that are there, so nothing has to be installed and nothing contradicts.
 */
const PERHAPS_MISSING = [
  'GPU',
  'GPUDevice',
  'FileSystemDirectoryHandle',
  'Worker',
  'SharedWorker',
  'ServiceWorker',
  'Blob',
]

/** Entries of the library, each with its source. */
const ENTRIES = {
  coppice: 'index',
  'coppice-batch': 'batch',
  'coppice-client': 'client',
  'coppice-openai': 'openai',
  'coppice-score': 'score',
  'coppice-embed': 'embed',
  'coppice-watch': 'watch',
}

/** Modules of workers, which export nothing. */
const WORKERS = ['coppice-worker', 'coppice-host']

/** Each entry's declarations as one file that imports nothing, so that every `moduleResolution` reads it alike. */
export async function buildTypes(outDir: string): Promise<void> {
  rmSync(PARTS, { recursive: true, force: true })
  const { status } = spawnSync('npx', ['tsc', '-p', 'scripts/tsconfig.types.json'], { stdio: 'inherit' })
  if (status !== 0) throw new Error('the declarations of the source files cannot be written')
  for (const [entry, source] of Object.entries(ENTRIES)) await buildEntryTypes(outDir, entry, source)
  for (const worker of WORKERS) writeFileSync(`${outDir}/${worker}.d.ts`, 'export {}\n')
}

async function buildEntryTypes(outDir: string, entry: string, source: string): Promise<void> {
  const bundle = await rollup({
    input: `${PARTS}/${source}.d.ts`,
    plugins: [dts()],
    onwarn: warning => {
      // an import that stays would be one that users lack
      throw new Error(warning.message)
    },
  })
  const { output } = await bundle.generate({ format: 'es' })
  await bundle.close()
  const library = await import(pathToFileURL(`${outDir}/${entry}.js`).href)
  const globals = PERHAPS_MISSING.map(name => `  interface ${name} {}\n`).join('')
  const declarations = withPlainArrays(withTypeExports(output[0].code, Object.keys(library)))
  writeFileSync(`${outDir}/${entry}.d.ts`, `declare global {\n${globals}}\n${declarations}`)
}

/** Classes that the library exports as types only; the bundler takes every class for a value. */
function withTypeExports(code: string, values: readonly string[]): string {
  return code.replace(/^export \{ (.*) \};$/m, (_, names: string) => {
    const exports = names.split(', ').map(name => (values.includes(name) ? name : `type ${name}`))
    return `export { ${exports.join(', ')} };`
  })
}

/** TypeScript before 5.7 knows no parameter of typed arrays. */
function withPlainArrays(code: string): string {
  return code.replace(/\b(\w+Array)<ArrayBuffer>/g, '$1')
}
