// A page whose engine is in a worker; it says too why there is none.
import { createEngine } from 'coppice/client'

async function answer() {
  const engine = await createEngine('/models/sprout/', { blocks: 16, contextLength: 128, tokenBudget: 4 })
  const [{ text }] = await engine.generate(['Once upon a time, there was a'], { maxTokens: 3 }).all()
  engine.dispose()
  return { text, decisions: engine.decisions }
}

globalThis.answer = answer().catch(({ name, message }) => ({ name, message }))
