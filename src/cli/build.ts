import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'vite'
import { buildTypes } from './build-types'
import { LIBRARY_PARTS } from './library-parts'

const WORKER = 'coppice-worker.js'

/** Builds the library with its types into dist/, and the pages into dist/pages/. Fails if the library has grown too large. */
export async function main(): Promise<number> {
  await buildLibrary('dist')
  await buildTypes('dist')
  await build({
    logLevel: 'warn',
    plugins: [workerBeside(readFileSync(`dist/${WORKER}`, 'utf8'))],
    build: {
      outDir: '../dist/pages',
      emptyOutDir: true,
      target: 'es2022',
      rolldownOptions: { input: { demo: 'src/pages/demo/index.html', bench: 'src/bench/engine/index.html' } },
    },
  })
  return readdirSync('dist')
    .filter(name => name.endsWith('.js'))
    .every(isSmallEnough)
    ? 0
    : 1
}

function isSmallEnough(name: string): boolean {
  const { maxKib } = LIBRARY_PARTS.find(({ file }) => file === name) ?? { maxKib: 0 }
  const kib = gzipSync(readFileSync(`dist/${name}`)).length / 1024
  console.log(`dist/${name}: ${kib.toFixed(1)} KiB gzip, of at most ${maxKib}`)
  return kib <= maxKib
}

/** The library's entries, what they load when they need it, and the worker, beside each other wherever they are served. */
export async function buildLibrary(outDir: string): Promise<void> {
  rmSync(outDir, { recursive: true, force: true })
  await buildEntries(outDir, { 'coppice-worker': 'src/packing/worker.ts' })
  const worker = readFileSync(`${outDir}/${WORKER}`, 'utf8')
  const entries = { coppice: 'src/index.ts', 'coppice-batch': 'src/batch.ts' }
  await buildEntries(outDir, entries, [workerBeside(worker)], [FIRST])
}

/** One file of all that comes first, with what the others share. */
const FIRST = { name: 'core', test: /src\/(?!tokenizer|jinja|api|batch|loader\/(gguf|hub))|shaders\// }

async function buildEntries(
  outDir: string,
  entry: Readonly<Record<string, string>>,
  plugins: Plugin[] = [],
  groups: { readonly name: string; readonly test: RegExp }[] = [],
): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [bareShaders, ...plugins],
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: (_, name) => `${name}.js` },
      // Vite leaves spaces in libraries
      rolldownOptions: {
        external: /^@huggingface\//,
        output: { minify: true, chunkFileNames: 'coppice-[name].js', codeSplitting: { groups } },
      },
    },
  })
}

/**
 * Puts the worker beside the chunk that starts it and names it there in the one form that every bundler reads. Vite's own
 * way gives a URL within another, and one by which webpack takes the file apart again.
 */
function workerBeside(source: string): Plugin {
  return {
    name: 'worker-beside',
    generateBundle(_, bundle) {
      const url = /new URL\(\s*(\/\*.*?\*\/)?\s*[`'"]\.\/worker\.ts[`'"],/
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || !url.test(chunk.code)) continue
        chunk.code = chunk.code.replace(url, `new URL("./${WORKER}",`)
        this.emitFile({ type: 'asset', fileName: posix.join(posix.dirname(chunk.fileName), WORKER), source })
        return
      }
      throw new Error('no chunk names the worker in the way that is known here')
    },
  }
}

/** Shaders without their comments and indentation, which are for us and not for those who download them. */
const bareShaders: Plugin = {
  name: 'bare-shaders',
  enforce: 'pre',
  load(id) {
    const [path, query] = id.split('?')
    if (!path.endsWith('.wgsl') || query !== 'raw') return undefined
    const text = readFileSync(path, 'utf8')
    const bare = text.replace(/\/\/(?!#).*$/gm, '').replace(/^\s+|[^\S\n]+$/gm, '')
    return `export default ${JSON.stringify(bare)}`
  },
}
