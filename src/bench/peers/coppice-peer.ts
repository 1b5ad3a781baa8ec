import { createEngine, type Engine } from '../../index'
import type { EngineEntry } from './engines'
import type { LoadPeer, PeerPlace, PeerRun } from './peer'

/** Coppice as a peer, from the same files as the others: safetensors in f32, GGUF in Q4_0. */
export async function openCoppice({ base }: PeerPlace, { weights }: EngineEntry): Promise<LoadPeer> {
  const model = weights === 'q4' ? `${base}model/model-q4_0.gguf` : `${base}model/`
  const options = { blocks: 1024, contextLength: 1024, kv: 'f32', frameMs: Number.POSITIVE_INFINITY } as const
  return async () => {
    const engine = await createEngine(model, { ...options, weights: weights === 'q4' ? 'auto' : 'f32' })
    return { run: (prompts, _shared, out) => run(engine, prompts, out) }
  }
}

async function run(engine: Engine, prompts: readonly (readonly number[])[], out: number): Promise<PeerRun> {
  const began = performance.now()
  if (prompts.length === 1) return stream(engine, prompts[0], out)
  const results = await engine.generate(prompts, { maxTokens: out }).all()
  const ms = performance.now() - began
  for (const { error } of results) if (error) throw error
  return { tokens: results.map(({ tokenIds }) => tokenIds), ms, firstMs: ms }
}

async function stream(engine: Engine, prompt: readonly number[], out: number): Promise<PeerRun> {
  const began = performance.now()
  const pieces = engine.stream(prompt, { maxTokens: out })
  let firstMs = 0
  for (;;) {
    const piece = await pieces.next()
    firstMs ||= performance.now() - began
    if (piece.done) return { tokens: [piece.value.tokenIds], ms: performance.now() - began, firstMs }
  }
}
