import { type ModelSource, missingFile } from './source'

/** The error for a place without a file that each model has: what it has instead, where that is known. */
export async function missingModel(source: ModelSource, file: string, signal?: AbortSignal): Promise<Error> {
  // where the sentences do not load, what is known without them is still true
  const found = await import('./other-kinds').catch(() => undefined)
  return (await found?.whyNoModel(source, signal)) ?? missingFile(source, file)
}
