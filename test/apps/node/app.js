// Node and Bun, which get WebGPU from the package `webgpu`. The engine keeps what `create` returns.
import { createEngine } from 'coppice'
import { create } from 'webgpu'

const engine = await createEngine('./models/sprout', {
  gpu: create([]),
  blocks: 16,
  contextLength: 128,
  tokenBudget: 4,
})
// what nobody keeps goes now instead of at some time
globalThis.gc?.()
const [{ text }] = await engine.generate(['Once upon a time, there was a'], { maxTokens: 3 }).all()
engine.dispose()
console.log(JSON.stringify({ text, decisions: engine.decisions }))
process.exit()
