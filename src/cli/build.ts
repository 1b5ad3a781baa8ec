import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

/** What a user downloads for the engine, all shaders included, without its two dependencies. */
const MAX_GZIP_BYTES = 100 * 1024

/** Builds the library with its types into dist/, and the pages into dist/pages/. Fails if the library has grown too large. */
export async function main(): Promise<number> {
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir: 'dist',
      target: 'es2022',
      lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'coppice' },
      rolldownOptions: { external: [/^@huggingface\//, /^node:/] },
    },
  })
  await build({
    logLevel: 'warn',
    build: {
      outDir: '../dist/pages',
      emptyOutDir: true,
      target: 'es2022',
      rolldownOptions: { input: { demo: 'src/demo/index.html', bench: 'src/bench/index.html' } },
    },
  })
  const types = spawnSync('npx', ['tsc', '-p', 'scripts/tsconfig.types.json'], { stdio: 'inherit' })
  if (types.status !== 0) return 1
  const files = readdirSync('dist').filter(name => name.endsWith('.js'))
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(`dist/${name}`)).length, 0)
  console.log(`dist/${files.join(', dist/')}: ${bytes} bytes gzip, of at most ${MAX_GZIP_BYTES}`)
  return bytes <= MAX_GZIP_BYTES ? 0 : 1
}
