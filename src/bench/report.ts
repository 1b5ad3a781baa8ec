import { type BenchReport, type Figure, PROMPT } from './measure'

/** The report as a table: each figure with its spread and the work behind it. */
export function reportText(report: BenchReport): string {
  const { parameters, weightBytes, firstTokenMs, decode } = report
  const single = decode[0].tokensPerSecond.median
  const gflop = (tokens: number) => (2 * parameters * tokens) / 1e9
  return [
    `model     ${report.model}: ${(parameters / 1e6).toFixed(2)} M weights per token, ${(weightBytes / 1e6).toFixed(1)} MB as ${report.weights}`,
    `adapter   ${report.adapter}`,
    `load      ${report.loadMs.toFixed(0)} ms`,
    `dispatches per step ${report.dispatchesPerStep.toFixed(0)}`,
    '',
    `first token, prompt ${PROMPT}   ${spread(firstTokenMs, 0)} ms   ${(gflop(PROMPT) / (firstTokenMs.median / 1000)).toFixed(2)} GFLOP/s`,
    ...decode.map(({ batch, tokensPerSecond }) => {
      const { median } = tokensPerSecond
      return (
        `decode, batch ${String(batch).padStart(2)}   ${spread(tokensPerSecond, 1)} tok/s   ${(median / single).toFixed(2)} × batch 1   ` +
        `${(gflop(1) * median).toFixed(2)} GFLOP/s, weights read at ${((weightBytes * median) / batch / 1e9).toFixed(2)} GB/s`
      )
    }),
  ].join('\n')
}

function spread({ median, min, max }: Figure, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`
}
