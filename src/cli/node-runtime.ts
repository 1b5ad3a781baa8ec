import { softwareDriver } from '../../scripts/dawn.mjs'
import { createEngine, runJob, UnsupportedDevice } from '../index'
import type { JobRuntime } from './job-runtime'

/** What the `webgpu` package's `create` returned: without a reference the process dies when it is collected. */
let gpu: GPU | undefined

/** In this process, on Dawn through the `webgpu` package. */
export const runInNode: JobRuntime = async (input, events, signal) => {
  gpu ??= await openDawn()
  const engine = await createEngine(input.model, {
    ...input.engine,
    gpu,
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

async function openDawn(): Promise<GPU> {
  try {
    const { create, globals } = await import('webgpu')
    Object.assign(globalThis, globals)
    const dawn = create([])
    if (await dawn.requestAdapter()) return dawn
    // no GPU with a Vulkan driver here: a software driver still gives the right answers
    process.env.VK_DRIVER_FILES ??= softwareDriver() ?? ''
    return create([])
  } catch (cause) {
    throw new UnsupportedDevice(
      `--runtime node needs the npm package webgpu, which does not load here: ${String(cause)}`,
      { cause },
    )
  }
}
