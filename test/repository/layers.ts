import { posix } from 'node:path'
import type { SourceFile } from './source-files'

const GPU = ['kernels', 'gpu', 'core']
const ENGINE = [
  'tuning',
  'packing',
  'planner',
  'scheduler',
  'model',
  'sampler',
  'tokenizer',
  'grammar',
  'loader',
  'storage',
  'attention',
  'kv',
  ...GPU,
]

/** Layers that a benchmark's own page may import. */
const BENCH = ['index', 'bench/common']

/** Layers that a benchmark's command may import besides the benchmark. */
const BENCH_CLI = ['cli', 'bench/common/cli', ...BENCH]

/**
 * The layers that the files of each folder of src/ may import besides their own folder. A folder that is not listed belongs to the one
 * around it. `index` is src/index.ts itself.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  gpu: ['core'],
  kernels: ['gpu', 'core'],
  attention: ['core'],
  kv: ['core'],
  planner: ['kv', 'core'],
  scheduler: ['planner', 'kv', 'core'],
  model: GPU,
  sampler: GPU,
  storage: ['core'],
  tuning: ['storage', ...GPU],
  jinja: [],
  tokenizer: ['jinja', 'core'],
  grammar: ['core'],
  loader: ['storage', 'core'],
  packing: ['loader', 'kernels', 'core'],
  engine: ENGINE,
  api: ['engine', ...ENGINE],
  jobs: ['api', 'engine', 'storage', 'loader', 'core'],
  worker: ['engine', ...ENGINE],
  index: ['worker', 'engine', ...ENGINE],
  client: ['worker', 'engine', ...ENGINE],
  batch: ['jobs', 'api', 'storage'],
  recording: ['engine', 'core'],
  watch: ['recording', 'engine'],
  openai: ['api'],
  scores: ['engine', 'core'],
  score: ['scores'],
  embeddings: ['engine', 'core'],
  embed: ['embeddings', 'core'],
  'pages/demo': ['index'],
  'pages/job': ['index', 'batch'],
  'pages/serve': ['index', 'openai'],
  'pages/kill': ['index', 'client', 'batch', 'worker', 'bench/common'],
  // past the index, which would bring the engine into commands that leave it to a page
  cli: [
    'index',
    'batch',
    'openai',
    'jobs',
    'api',
    'engine',
    'loader',
    'storage',
    'core',
    'pages/job',
    'pages/serve',
    'pages/kill',
  ],
  'bench/common': ['index'],
  'bench/common/cli': ['cli'],
  // the engine's parts: configurations that measure and answer wrongly are no option
  'bench/sharing': ['engine', ...BENCH],
  'bench/sharing/cli': ['bench/sharing', 'engine', ...BENCH_CLI],
  'bench/kernels': ['bench/common', 'attention', ...GPU],
  'bench/kernels/cli': ['bench/kernels', ...BENCH_CLI],
  'bench/engine': ['bench/sharing', 'bench/kernels', ...BENCH],
  'bench/engine/cli': ['bench/engine', 'bench/kernels', 'kernels', ...BENCH_CLI],
  'bench/peers': BENCH,
  'bench/peers/cli': ['bench/peers', ...BENCH_CLI],
  'bench/cpu': ['core', ...BENCH],
  'bench/cpu/cli': ['bench/cpu', 'watch', 'engine', 'core', ...BENCH_CLI],
  'bench/people': ['client', 'batch', 'core', ...BENCH],
  'bench/people/cli': ['bench/people', 'bench/engine', ...BENCH_CLI],
  'bench/worker': ['client', 'worker', 'core', ...BENCH],
  'bench/worker/cli': ['bench/worker', ...BENCH_CLI],
}

/** What may come from outside src/, by folder: packages, or paths from the root. */
const OUTSIDE: Readonly<Record<string, RegExp>> = {
  kernels: /^shaders\//,
  tokenizer: /^@huggingface\/tokenizers$/,
  cli: /^(node:|scripts\/|webgpu$|vite$|rollup$|rollup-plugin-dts$|playwright-core$)/,
  'bench/kernels': /^scripts\/oracles\/model-shapes\.mjs$/,
  'bench/peers/cli': /^(node:|playwright-core$)/,
  'bench/people/cli': /^(node:|playwright-core$)/,
  'bench/worker/cli': /^(node:|playwright-core$)/,
  ...Object.fromEntries(['common', 'sharing', 'kernels', 'engine', 'cpu'].map(name => [`bench/${name}/cli`, /^node:/])),
}

/** Where code runs in a page; what `cli` gives to a browser's page counts. */
const HAS_DOM = /^(pages|bench|cli)\b/
/** The one question that an engine asks of a page: whether it is seen. */
const ASKS_THE_PAGE = 'src/core/page.ts'
const DOM = /(?<![\w.#$])(document|window)\s*[.[]|\bglobalThis\.(document|window)\b/

const STATIC = /\bfrom\s+['"]([^'"\n]+)['"]|\bimport\s+['"]([^'"\n]+)['"]/g
const DYNAMIC = /\bimport\s*\(\s*['"]([^'"\n]+)['"]|\bimport\.meta\.glob[^(]*\(\s*['"]([^'"\n]+)['"]/g
/** Only types may come from a Node module: bundlers for pages stop at any other import, be it reached or not. */
const NODE_TYPES = /^import type .* from ['"]node:.*$/gm

/** Every import that the table above does not allow, and every use of the DOM outside pages. */
export function layerViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(file => {
    const own = layerOf(file.path)
    const allowed = LAYERS[own]
    if (!allowed) return [`${file.path}: src/${own} has no layer`]
    const code = withoutComments(file.text)
    const wrong = importsOf(file).filter(target => {
      if (!target.startsWith('src/')) return !OUTSIDE[own]?.test(target)
      return layerOf(target) !== own && !allowed.includes(layerOf(target))
    })
    const messages = wrong.map(target => `${file.path} imports ${target}`)
    if (!HAS_DOM.test(own) && file.path !== ASKS_THE_PAGE && DOM.test(code)) messages.push(`${file.path} uses the DOM`)
    return messages
  })
}

/** Each import that closes a cycle of files, as the cycle's path. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const cycles: string[] = []
  const done = new Set<SourceFile>()
  const visit = (file: SourceFile, trail: readonly SourceFile[]): void => {
    const start = trail.indexOf(file)
    if (start >= 0) cycles.push([...trail.slice(start), file].map(({ path }) => path).join(' > '))
    if (start >= 0 || done.has(file)) return
    for (const target of importsOf(file)) {
      const next = byPath.get(target) ?? byPath.get(`${target}.ts`) ?? byPath.get(`${target}/index.ts`)
      if (next) visit(next, [...trail, file])
    }
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return cycles
}

/** Packages as they are named, files by their path from the root. */
function importsOf({ path, text }: SourceFile): string[] {
  const code = withoutComments(text).replace(NODE_TYPES, '')
  const matches = [...code.matchAll(STATIC), ...code.matchAll(DYNAMIC)]
  return matches.map(([, first, second]) => {
    const target = first ?? second
    return target.startsWith('.') ? posix.join(posix.dirname(path), target) : target
  })
}

/** `kv` for src/kv/…, `bench/peers/cli` for src/bench/peers/cli/…; `index` for src/index.ts. */
function layerOf(path: string): string {
  const parts = path.replace(/\.ts$/, '').split('/').slice(1)
  const names = parts.map((_, last) => parts.slice(0, last + 1).join('/'))
  return names.findLast(name => name in LAYERS) ?? parts[0]
}

function withoutComments(text: string): string {
  // a block comment starts its line: elsewhere it may be a path like shaders/*.wgsl
  return text.replace(/^\s*\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')
}
