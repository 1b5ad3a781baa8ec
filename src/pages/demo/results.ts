import type { GenerationResult } from '../../index'

/** The answers there are, in the order of the lines, a JSON object each. */
export function resultsAsJsonl(lines: readonly string[], results: readonly GenerationResult[]): string {
  const inOrder = results.toSorted((a, b) => a.index - b.index)
  return inOrder
    .map(({ index, text, finishReason, error }) => {
      const row = { index, prompt: lines[index], text, finish_reason: finishReason, error: error?.message }
      return `${JSON.stringify(row)}\n`
    })
    .join('')
}
