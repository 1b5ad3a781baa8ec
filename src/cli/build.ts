import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'vite'
import { buildTypes } from './build-types'
import { LIBRARY_PARTS } from './library-parts'

/** Workers' files, by the sources that they are built from. */
const WORKERS = { 'worker.ts': 'coppice-worker.js', 'host-worker.ts': 'coppice-host.js' }

/** Builds the library with its types into dist/, and the pages into dist/pages/. Fails if the library has grown too large. */
export async function main(): Promise<number> {
  await buildLibrary('dist')
  await buildTypes('dist')
  await build({
    logLevel: 'warn',
    plugins: [workersBeside('dist')],
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

/** The library's entries, what they load when they need it, and the workers, beside each other wherever they are served. */
export async function buildLibrary(outDir: string): Promise<void> {
  rmSync(outDir, { recursive: true, force: true })
  await buildEntries(outDir, { 'coppice-worker': 'src/packing/worker.ts' })
  const workers = workersBeside(outDir)
  // a bundler that only knows its URL copies this file, and nothing that it would import
  await buildEntries(outDir, { 'coppice-host': 'src/worker/host-worker.ts' }, { plugins: [workers], isAlone: true })
  const entries = {
    coppice: 'src/index.ts',
    'coppice-batch': 'src/batch.ts',
    'coppice-client': 'src/client.ts',
    'coppice-openai': 'src/openai.ts',
    'coppice-score': 'src/score.ts',
    'coppice-embed': 'src/embed.ts',
    'coppice-watch': 'src/watch.ts',
  }
  await buildEntries(outDir, entries, {
    plugins: [workers],
    groups: [SHARED, STORAGE, REQUESTS, FORMATS, VECTORS, FIRST],
  })
}

/** The file of what the client, the batch and the engine share: so an error is of one class wherever it was imported from. */
const SHARED = {
  name: 'shared',
  test: /src\/(core\/(?!quantize|python-json|float16|sequence|batch|block|kv-|rows|page|as-coppice|sorted|turns|listed)|packing\/worker-url|engine\/(async-queue|call-options|generation|prompt|sampling-params|stream|until-it-throws)\.)|rolldown\/runtime/,
}

/** The file of what is kept between visits, and known again by its hash: models by the engine, jobs by the batch. */
const STORAGE = { name: 'storage', test: /src\/(storage|loader\/cache\/sha256)/ }

/** The file of what jobs and OpenAI's endpoints share. */
const REQUESTS = {
  name: 'requests',
  test: /src\/api\/(answer|api-request|messages|refused-request|request-fields|structured-outputs|tools\/[^.]*)\./,
}

/** The file of what reads formats of weights, for GGUF's headers and for packing where there are no workers. */
const FORMATS = {
  name: 'formats',
  test: /src\/(core\/float16|loader\/(gguf\/(formats|block|nearest|head-order)|weights\/to-float32))/,
}

/** The file of vectors of texts, for `coppice/embed` and OpenAI's endpoint. */
const VECTORS = { name: 'vectors', test: /src\/embeddings\// }

/** One file of all that comes first, with what the others share. */
const FIRST = {
  name: 'core',
  test: /src\/(?!tokenizer|jinja|grammar|api|jobs|batch|client|openai|score|embed|watch|recording|engine\/(watch|watching|to-events|grammars|vocabulary)\.|kv\/tree-rows|worker|packing\/(pack-slab|pack-half|unpack-tile)|kernels\/pack\.|core\/quantize|loader\/(gguf|hub|packed|architectures\/unsupported|sources\/other-kinds|weights\/(decode|unpack|affine|parts-of)))|shaders\//,
}

interface EntryOptions {
  readonly plugins?: readonly Plugin[]
  readonly groups?: { readonly name: string; readonly test: RegExp }[]
  /** Whether everything, our one dependency too, is to be in the entry's own file. */
  readonly isAlone?: boolean
}

async function buildEntries(
  outDir: string,
  entry: Readonly<Record<string, string>>,
  { plugins = [], groups = [], isAlone = false }: EntryOptions = {},
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
        external: isAlone ? [] : /^@huggingface\//,
        output: { minify: true, chunkFileNames: 'coppice-[name].js', codeSplitting: isAlone ? false : { groups } },
      },
    },
  })
}

/**
 * Puts each worker beside the chunk that starts it and names it there in the one form that every bundler reads. Vite's own
 * way gives a URL within another, and one by which webpack takes the file apart again.
 */
function workersBeside(dist: string): Plugin {
  return {
    name: 'workers-beside',
    generateBundle(_, bundle) {
      let isNamed = false
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        for (const [source, file] of Object.entries(WORKERS)) {
          const url = new RegExp(`new URL\\(\\s*(/\\*.*?\\*/)?\\s*[\`'"]\\./${source}[\`'"],`)
          if (!url.test(chunk.code)) continue
          isNamed = true
          chunk.code = chunk.code.replace(url, `new URL("./${file}",`)
          const fileName = posix.join(posix.dirname(chunk.fileName), file)
          this.emitFile({ type: 'asset', fileName, source: readFileSync(`${dist}/${file}`, 'utf8') })
        }
      }
      if (!isNamed) throw new Error('no chunk names a worker in the way that is known here')
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
