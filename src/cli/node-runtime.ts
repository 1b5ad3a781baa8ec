import { createReadStream } from 'node:fs'
import { readLines, runJob } from '../batch'
import { createEngine } from '../index'
import type { JobRuntime } from './job-runtime'
import { openDawn } from './open-dawn'

/** Runs a job in this process, on Dawn through the `webgpu` package. */
export const runInNode: JobRuntime = async (input, events, signal) => {
  const engine = await createEngine(input.model, {
    ...input.engine,
    gpu: await openDawn(),
    signal,
    onProgress: ({ text }) => events.onLoad(text),
  })
  try {
    const { path, answered, maxTokens, modelName } = input
    const { summary } = await runJob(engine, readLines(createReadStream(path)), {
      maxTokens,
      modelName,
      signal,
      isAnswered: (key, line) => {
        if (answered.has(key)) events.onAnswer({ key, line })
        return answered.has(key)
      },
      onResponse: (response, key) => events.onAnswer({ key, response }),
      onProgress: events.onProgress,
      keepResponses: false,
    })
    return summary
  } finally {
    engine.dispose()
  }
}
