// What each of the pages does; their folders show how they come to run it.
import { createEngine } from 'coppice'

export async function answer(options) {
  const engine = await createEngine('/models/sprout/', { blocks: 16, contextLength: 128, tokenBudget: 2, ...options })
  const [{ text }] = await engine.generate(['Once upon a time, there was a'], { maxTokens: 3 }).all()
  engine.dispose()
  return { text, decisions: engine.decisions }
}
