import type { EngineEntry } from './engines'
import type { LoadPeer, PeerPlace, PeerRun } from './peer'
import { idsOf, textOf } from './vocabulary'

/** The part of wllama that is used here; the package is not installed with this project. */
interface Library {
  readonly Wllama: new (paths: { default: string }, config: { suppressNativeLog: boolean }) => Wllama
}

interface Wllama {
  loadModel(files: readonly Blob[], options: Readonly<Record<string, number>>): Promise<void>
  createCompletion(options: CompletionOptions): Promise<void>
}

interface CompletionOptions {
  readonly prompt: string
  readonly max_tokens: number
  readonly temperature: number
  readonly top_k: number
  readonly stream: true
  readonly onData: (chunk: { readonly choices: readonly { readonly text: string }[] }) => void
}

export async function openWllama({ base }: PeerPlace, { weights, device }: EngineEntry): Promise<LoadPeer> {
  const folder = `${base}node_modules/@wllama/wllama/esm`
  const { Wllama }: Library = await import(/* @vite-ignore */ `${folder}/index.js`)
  return async () => {
    const engine = new Wllama({ default: `${folder}/wasm/wllama.wasm` }, { suppressNativeLog: true })
    const model = await fetch(`${base}model/model-${weights === 'q4' ? 'q4_0' : 'f16'}.gguf`)
    // as many layers as there are, or none
    const n_gpu_layers = device === 'cpu' ? 0 : 99999
    await engine.loadModel([await model.blob()], { n_ctx: 1024, n_parallel: 1, n_gpu_layers })
    return { run: (prompts, _shared, out, atMost) => run(engine, prompts, out, atMost) }
  }
}

/** Runs one prompt after the other: the first computes the prefix, the others find it in the slot. */
async function run(
  engine: Wllama,
  prompts: readonly (readonly number[])[],
  out: number,
  atMost: number,
): Promise<PeerRun> {
  const runs: PeerRun[] = []
  for (const prompt of prompts.slice(0, atMost)) runs.push(await complete(engine, prompt, out))
  const [first, ...others] = runs
  const rest = others.reduce((sum, { ms }) => sum + ms, 0)
  const restOfAll = others.length > 0 ? (rest / others.length) * (prompts.length - 1) : 0
  return { tokens: runs.flatMap(({ tokens }) => tokens), ms: first.ms + restOfAll, firstMs: first.firstMs }
}

async function complete(engine: Wllama, prompt: readonly number[], out: number): Promise<PeerRun> {
  const began = performance.now()
  let firstMs = 0
  let text = ''
  await engine.createCompletion({
    prompt: textOf(prompt),
    max_tokens: out,
    temperature: 0,
    top_k: 1,
    stream: true,
    onData: ({ choices }) => {
      text += choices[0]?.text ?? ''
      if (text) firstMs ||= performance.now() - began
    },
  })
  const ms = performance.now() - began
  return { tokens: [idsOf(text)], ms, firstMs }
}
