import type { DecodeReport } from './run-decode'
import { spread, table } from './table'

/** First token and decode rates, with the arithmetic and the weights' bytes behind them. */
export function decodeText(report: DecodeReport): string {
  const { parameters, weightBytes, promptTokens, firstTokenMs, decode, loadMs, dispatchesPerStep } = report
  const [single] = decode
  // for the first token, the head is needed once
  const gflop = 2e-9 * (parameters.layers * promptTokens + parameters.head)
  const rows = decode.map(({ batch, tokensPerSecond }) => [
    String(batch),
    spread(tokensPerSecond, 1),
    (tokensPerSecond.median / single.tokensPerSecond.median).toFixed(2),
    (2e-9 * (parameters.layers + parameters.head) * tokensPerSecond.median).toFixed(2),
    ((weightBytes * tokensPerSecond.median) / batch / 1e9).toFixed(2),
  ])
  return [
    '## decode',
    `Loaded in ${loadMs.toFixed(0)} ms; ${dispatchesPerStep.toFixed(0)} dispatches a step. ` +
      `First token of a prompt of ${promptTokens}: ${spread(firstTokenMs, 0)} ms, ` +
      `${((1000 * gflop) / firstTokenMs.median).toFixed(2)} GFLOP/s.`,
    table(['batch', 'tokens/s', '× batch 1', 'GFLOP/s', 'weights, GB/s'], rows),
  ].join('\n\n')
}
