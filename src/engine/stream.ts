import { AsyncQueue } from './async-queue'
import { completeCallOptions } from './call-options'
import type { GenerationResult } from './generation'
import type { Engine, GenerateOptions } from './interface'
import type { Prompt } from './prompt'
import type { GenerationParams } from './sampling-params'

/** The `stream` of any engine: the texts of a call of one prompt, as they come. */
export async function* streamOf(
  engine: Pick<Engine, 'generate'>,
  prompt: Prompt,
  params: GenerationParams,
  options: Omit<GenerateOptions, 'onText'>,
): AsyncGenerator<string, GenerationResult, undefined> {
  const settings = completeCallOptions(options, 'interactive')
  const text = new AsyncQueue<string>()
  const generation = engine.generate([prompt], params, { ...settings, onText: piece => text.push(piece) })
  const results = generation.all()
  results.then(
    () => text.end(),
    (error: unknown) => text.end({ error }),
  )
  try {
    yield* text
  } finally {
    generation.cancel()
  }
  const [result] = await results
  if (result.error) throw result.error
  return result
}
