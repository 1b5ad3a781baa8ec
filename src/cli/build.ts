import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'vite'

/** What a user downloads for the engine, all shaders included, without its two dependencies. */
const MAX_GZIP_BYTES = 100 * 1024

const WORKER = 'coppice-worker.js'

/** Builds the library with its types into dist/, and the pages into dist/pages/. Fails if the library has grown too large. */
export async function main(): Promise<number> {
  await buildLibrary('dist')
  await build({
    logLevel: 'warn',
    build: {
      outDir: '../dist/pages',
      emptyOutDir: true,
      target: 'es2022',
      rolldownOptions: { input: { demo: 'src/demo/index.html', bench: 'src/bench-engine/index.html' } },
    },
  })
  const types = spawnSync('npx', ['tsc', '-p', 'scripts/tsconfig.types.json'], { stdio: 'inherit' })
  if (types.status !== 0) return 1
  const files = readdirSync('dist').filter(name => name.endsWith('.js'))
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(`dist/${name}`)).length, 0)
  console.log(`dist/${files.join(', dist/')}: ${bytes} bytes gzip, of at most ${MAX_GZIP_BYTES}`)
  return bytes <= MAX_GZIP_BYTES ? 0 : 1
}

/** The library as coppice.js and coppice-worker.js, which stand beside each other wherever they are served. */
export async function buildLibrary(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    base: './',
    plugins: [bareShaders],
    worker: { format: 'es', rolldownOptions: { output: { entryFileNames: WORKER } } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'coppice' },
      rolldownOptions: {
        external: [/^@huggingface\//, /^node:/],
        // Vite leaves spaces in libraries
        output: { minify: true },
      },
    },
  })
  const library = `${outDir}/coppice.js`
  writeFileSync(library, withPlainWorker(readFileSync(library, 'utf8')))
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

/** Vite nests the worker's URL in another, which works, but not every bundler that takes the library up looks into it. */
function withPlainWorker(library: string): string {
  const nested = /new URL\(\s*(\/\*.*?\*\/)?\s*new URL\(`[^`]+`,import\.meta\.url\)\.href,``\+import\.meta\.url\)/
  const plain = library.replace(nested, `new URL("./${WORKER}", import.meta.url)`)
  if (plain === library) throw new Error(`the library does not name its worker in the way that is known here`)
  return plain
}
