// A second witness for the fixtures: llama.cpp on GGUF files of the same seeded weights. It is not a dependency of this
// project; install it elsewhere and say where:
//   npm install --prefix DIR --ignore-scripts node-llama-cpp
//   node scripts/oracles/compare-llama-cpp.mjs DIR [names of fixtures]
// Prints for each fixture the NMSE of the logits after the long prompt, and how many of the oracle's greedy tokens are
// llama.cpp's too. docs/oracles.md has the result, and why some fixtures are compared in part or not at all.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runnerImport } from 'vite'

const [directory, ...names] = process.argv.slice(2)
if (!directory) throw new Error('usage: compare-llama-cpp.mjs DIRECTORY_OF_NODE_LLAMA_CPP [names]')
const entry = join(resolve(directory), 'node_modules/node-llama-cpp/dist/index.js')
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(entry).href)
const root = fileURLToPath(new URL('../../test/', import.meta.url))
const { architectureGguf } = (await runnerImport(join(root, 'support/architecture-gguf.ts'))).module

/** What llama.cpp does not implement, and so cannot witness. */
const NOT_THERE = {
  'gemma2-27b': 'Gemma 2 always ties its embedding',
  'smollm3-untied': 'every fourth layer is NoPE, no others',
  'gemma-untied': 'Gemma always ties its embedding',
  'ernie4-bias': 'ERNIE has no biases',
  exaone4: 'EXAONE has windows, and layers that do not turn, only in models of 64 layers',
  'stablelm-unbiased': 'StableLM never ties its embedding',
  'starcoder2-untied': 'StarCoder 2 always has biases',
}

/** It ignores their windows: compared as far as the window reaches, from the prompt of one token. */
const NO_WINDOW = ['mistral-window', 'qwen2-window', 'phi3', 'starcoder2']

/** Its converter's files of these are not written here. */
const NO_GGUF = /^(apertus|gpt-neo(-inner)?$|minicpm|ministral3|seed-oss)/

const fixtures = []
for (const folder of ['llama', 'architectures']) {
  for (const file of await readdir(join(root, 'fixtures', folder))) {
    fixtures.push(JSON.parse(await readFile(join(root, 'fixtures', folder, file), 'utf8')))
  }
}

const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error })
const temporary = await mkdtemp(join(tmpdir(), 'gguf-'))
for (const { name, seed, config, runs } of fixtures) {
  if (names.length > 0 && !names.includes(name)) continue
  if (NO_GGUF.test(name)) continue
  if (NOT_THERE[name]) console.log(`${name}: not compared (${NOT_THERE[name]})`)
  else console.log(`${name}: ${await compare(name, architectureGguf(config, seed), runs)}`)
}
await rm(temporary, { recursive: true })
process.exit(0)

async function compare(name, gguf, runs) {
  const modelPath = join(temporary, `${name}.gguf`)
  await writeFile(modelPath, gguf)
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, useMmap: false })
  const results = []
  for (const { prompt, logits, tokens } of NO_WINDOW.includes(name) ? runs.slice(0, 1) : runs) {
    const numTokens = NO_WINDOW.includes(name) ? 24 : tokens.length
    const actual = await logitsAfterEach(model, prompt, tokens.slice(0, numTokens - 1))
    const expected = new Float32Array(Uint8Array.from(Buffer.from(logits, 'base64')).buffer)
    const equal = actual.filter((values, index) => values.indexOf(Math.max(...values)) === tokens[index]).length
    results.push(`after ${prompt.length}: NMSE ${nmse(actual[0], expected).toExponential(1)}, ${equal} of ${numTokens} tokens`)
  }
  await model.dispose()
  return results.join('; ')
}

/** Logits [vocab] after the prompt and after each of `tokens`. */
async function logitsAfterEach(model, prompt, tokens) {
  const context = await model.createContext({
    contextSize: 256,
    batchSize: 256,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  })
  const wanted = token => [token, { generateNext: { logits: true } }]
  const input = [...prompt.slice(0, -1), wanted(prompt.at(-1)), ...tokens.map(wanted)]
  const outputs = await context.getSequence().controlledEvaluate(input)
  await context.dispose()
  return outputs.slice(prompt.length - 1).map(({ next }) => {
    const values = Array(next.logits.size)
    for (const [token, logit] of next.logits) values[token] = logit
    return values
  })
}

function nmse(actual, expected) {
  const [error, power] = expected.reduce(([e, p], x, i) => [e + (actual[i] - x) ** 2, p + x ** 2], [0, 0])
  return error / power
}
