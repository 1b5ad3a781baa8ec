import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'vite'
import { buildTypes } from './build-types'

const WORKER = 'coppice-worker.js'

/** What a page downloads, file by file, without our one dependency: the most that each may be, in KiB gzip. */
const MAX_GZIP_KIB: Readonly<Record<string, number>> = {
  // names of what is exported
  'coppice.js': 1,
  // the engine and all shaders
  'coppice-core.js': 100,
  // once there is a model: its tokenizer and the interpreter of its chat template
  'coppice-tokenizer.js': 36,
  // for ids of a hub, and for GGUF files
  'coppice-hub-source.js': 4,
  'coppice-gguf.js': 10,
  // packs weights beside the page, with what it shares with the engine
  [WORKER]: 8,
}

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
  const kib = gzipSync(readFileSync(`dist/${name}`)).length / 1024
  console.log(`dist/${name}: ${kib.toFixed(1)} KiB gzip, of at most ${MAX_GZIP_KIB[name] ?? 0}`)
  return kib <= (MAX_GZIP_KIB[name] ?? 0)
}

/** The library as coppice.js, what it loads when it needs it, and the worker, beside each other wherever they are served. */
export async function buildLibrary(outDir: string): Promise<void> {
  rmSync(outDir, { recursive: true, force: true })
  await buildEntry(outDir, 'src/packing/worker.ts', WORKER)
  const worker = readFileSync(`${outDir}/${WORKER}`, 'utf8')
  await buildEntry(outDir, 'src/index.ts', 'coppice.js', [workerBeside(worker)], [FIRST])
}

/** One file of all that comes first, with what the others share. */
const FIRST = { name: 'core', test: /src\/(?!tokenizer|jinja|loader\/(gguf|hub))|shaders\// }

async function buildEntry(
  outDir: string,
  entry: string,
  fileName: string,
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
      lib: { entry, formats: ['es'], fileName: () => fileName },
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
