import { createEngine, runJob } from '../index'
import type { JobRuntime } from './job-runtime'
import { openDawn } from './open-dawn'

/** In this process, on Dawn through the `webgpu` package. */
export const runInNode: JobRuntime = async (input, events, signal) => {
  const engine = await createEngine(input.model, {
    ...input.engine,
    gpu: await openDawn(),
    signal,
    onProgress: ({ text }) => events.onLoad(text),
  })
  try {
    const { lines, maxTokens, modelName } = input
    const { summary } = await runJob(engine, lines, { maxTokens, modelName, signal, ...events })
    return summary
  } finally {
    engine.dispose()
  }
}
