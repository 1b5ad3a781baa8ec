import { type NullGpuOptions, nullGpu } from '../../src/bench/common/null-gpu'
import { pause } from '../../src/core/pause'
import { createEngine, type Engine, type EngineOptions, type ModelSource } from '../../src/index'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

/** A tiny seeded model whose files are as given, where given. */
export function tinyModel(files: Readonly<Record<string, object>> = {}): ModelSource {
  const model = seededModel(TINY, TINY_SEED)
  return {
    ...model,
    open: async (file, signal, begin = 0) => {
      const content = files[file]
      if (!content) return model.open(file, signal, begin)
      return new Blob([JSON.stringify(content)]).slice(begin).stream() as ReadableStream<Uint8Array<ArrayBuffer>>
    },
  }
}

/** An engine on a GPU that does nothing, whose steps take a turn of the event loop each. */
export function openEngine(
  source: ModelSource = tinyModel(),
  options: EngineOptions = {},
  gpu: NullGpuOptions = {},
): Promise<Engine> {
  const device = nullGpu(() => undefined, { mapAsync: pause, ...gpu })
  return createEngine(source, { blocks: 256, study: { tuning: false }, ...options, gpu: device })
}
