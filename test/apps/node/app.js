// Node and Bun, which get WebGPU from the package `webgpu`. The engine keeps what `create` returns.
import { createEngine } from 'coppice'
import { runJob } from 'coppice/batch'
import { create } from 'webgpu'

const engine = await createEngine('./models/sprout', {
  gpu: create([]),
  blocks: 16,
  contextLength: 128,
  tokenBudget: 4,
})
// what nobody keeps goes now instead of at some time
globalThis.gc?.()
const { responses } = await runJob(engine, [JSON.stringify({ prompt: 'Once upon a time, there was a', max_tokens: 3 })])
const [{ text }] = responses[0].response.body.choices
engine.dispose()
console.log(JSON.stringify({ text, decisions: engine.decisions }))
process.exit()
