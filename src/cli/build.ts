import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Plugin } from 'vite'
import { buildTypes } from './build-types'

/** What a user downloads for the engine, all shaders included, without its two dependencies. */
const MAX_GZIP_BYTES = 100 * 1024

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
      rolldownOptions: { input: { demo: 'src/demo/index.html', bench: 'src/bench-engine/index.html' } },
    },
  })
  const files = readdirSync('dist').filter(name => name.endsWith('.js'))
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(`dist/${name}`)).length, 0)
  console.log(`dist/${files.join(', dist/')}: ${bytes} bytes gzip, of at most ${MAX_GZIP_BYTES}`)
  return bytes <= MAX_GZIP_BYTES ? 0 : 1
}

/** The library as coppice.js and coppice-worker.js, which stand beside each other wherever they are served. */
export async function buildLibrary(outDir: string): Promise<void> {
  rmSync(outDir, { recursive: true, force: true })
  await buildEntry(outDir, 'src/packing/worker.ts', WORKER)
  await buildEntry(outDir, 'src/index.ts', 'coppice.js', [workerBeside(readFileSync(`${outDir}/${WORKER}`, 'utf8'))])
}

async function buildEntry(outDir: string, entry: string, fileName: string, plugins: Plugin[] = []): Promise<void> {
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
      rolldownOptions: { external: /^@huggingface\//, output: { minify: true } },
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
