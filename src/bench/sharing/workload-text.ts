import type { Shape } from '../common/shapes'
import { count, spread, table } from '../common/table'
import { CONFIGURATIONS } from './configurations'
import type { Outcome } from './outcome'
import type { WorkloadReport } from './workload-report'

const header = (baseline = 'baseline') => [
  'sharing, attention',
  'generated/s',
  `× ${baseline}`,
  'of token bound',
  'of ceiling',
  'prefill',
  'planned',
  'saved',
  'steps',
  'tokens/step',
  'KV read, MB',
  'a step',
  'peak blocks',
  'matrix GFLOP/s',
  'read, GB/s',
]

/**
 * The text of a workload: its shape, its bounds, and a row for each configuration. Matrices are counted by the tokens computed;
 * weights are read once a step, K and V as attention's plans say.
 */
export function workloadText(report: WorkloadReport): string {
  const { name, shape, requests, blocks, bounds, flops, regret, greedyTokens } = report
  const total = ({ matrices, attention }: typeof flops.alone) => matrices + attention
  const gflop = ({ matrices, attention }: typeof flops.alone) =>
    `${(matrices / 1e9).toFixed(1)} + ${(attention / 1e9).toFixed(1)}`
  return [
    `## ${name}`,
    `${shapeText(shape)}; ${count(requests)} prompts in all, ${count(blocks)} blocks. ` +
      `${count(bounds.alone.tokens)} tokens, generated ones included; ${count(bounds.tree.tokens)} where what is shared ` +
      `is computed once: token bound ${bounds.tokenRatio.toFixed(2)} ×. GFLOP of matrices and attention: ` +
      `${gflop(flops.alone)} alone, ${gflop(flops.tree)} shared: FLOP bound ` +
      `${(total(flops.alone) / total(flops.tree)).toFixed(2)} ×.`,
    table(
      header(report.baseline),
      report.outcomes.map(outcome => outcomeRow(outcome, report)),
    ),
    ...(shape.timing === 'decode' ? ['Decoding only: a run with one token each is subtracted.'] : []),
    ...(greedyTokens ? [`BatchLLM's own grouping would leave ${count(greedyTokens)} prompt tokens to compute.`] : []),
    ...(regret
      ? [`Choice of the cost model against the better of flat and split: ${spread(regret, 3)} × the time.`]
      : []),
  ].join('\n\n')
}

function outcomeRow(outcome: Outcome, { baseline, bounds, parameters, weightBytes }: WorkloadReport): string[] {
  const { configuration, ms, tokensPerSecond, speedup, ofCeiling, counts, plan } = outcome
  const { steps, computedTokens, kvBytesRead } = counts
  const isCeiling = CONFIGURATIONS[configuration].attention === 'skip'
  const flop = 2 * (parameters.layers * computedTokens + parameters.head * counts.generated)
  const readBytes = weightBytes * steps + (isCeiling ? 0 : kvBytesRead)
  return [
    configuration,
    spread(tokensPerSecond, 1),
    speedup ? spread(speedup, 2) : '–',
    speedup && baseline === 'off' && !isCeiling ? percent(speedup.median / bounds.tokenRatio) : '–',
    ofCeiling && !isCeiling ? percent(ofCeiling.median) : '–',
    count(counts.prefillTokens),
    count(plan?.computeTokens),
    count(counts.savedTokens),
    count(steps),
    (computedTokens / steps).toFixed(1),
    isCeiling ? '–' : (kvBytesRead / 1e6).toFixed(1),
    isCeiling ? '–' : (kvBytesRead / steps / 1e6).toFixed(2),
    count(counts.peakBlocks),
    (flop / ms.median / 1e6).toFixed(2),
    (readBytes / ms.median / 1e6).toFixed(2),
  ]
}

/** A shape as a text, `1 × 2000 → 16 × 200 tokens`: how many runs follow each, and how long they are. */
function shapeText(shape: Shape): string {
  if (shape.kind === 'chat') {
    const { users, turns, system, message, out } = shape
    return `${users} users, ${turns} turns, system prompt ${system}, messages ${message}, replies ${out} tokens`
  }
  const levels = shape.levels.map(({ fanout, tokens }) => `${fanout} × ${tokens}`).join(' → ')
  return `Tree of prompts ${levels} tokens, ${shape.out} generated each`
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`
}
