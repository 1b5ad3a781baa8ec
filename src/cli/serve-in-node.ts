import { createEngine } from '../index'
import { openai } from '../openai'
import { openDawn } from './open-dawn'
import type { ServeRuntime } from './serve-runtime'

/** Serves an engine of this process, on Dawn through the `webgpu` package. */
export const serveInNode: ServeRuntime = async (
  { model, modelName, engine: options, maxTokens },
  onLoad,
  signal,
  use,
) => {
  const onProgress = ({ text }: { readonly text: string }) => onLoad(text)
  const engine = await createEngine(model, { ...options, gpu: await openDawn(), signal, onProgress })
  const lost = engine.lost.then(error => {
    throw error
  })
  try {
    await Promise.race([use(openai(engine, { model: modelName, defaults: { maxTokens } }).fetch), lost])
  } finally {
    engine.dispose()
  }
}
