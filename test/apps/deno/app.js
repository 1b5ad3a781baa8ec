// Deno has WebGPU itself.
import { createEngine } from 'coppice'

const engine = await createEngine('./models/sprout', { blocks: 16, contextLength: 128, tokenBudget: 4 })
const [{ text }] = await engine.generate(['Once upon a time, there was a'], { maxTokens: 3 }).all()
engine.dispose()
console.log(JSON.stringify({ text, decisions: engine.decisions }))
